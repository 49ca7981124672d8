// The shells' scripts: they ask `__complete` for candidates and show them. %P is the program's name, %F the same as a
// function's name. Our own text; the protocol is cobra's (spf13/cobra bash_completionsV2.go and its like).

const bash = `# bash completion for %P
__%F_complete()
{
    local cur words cword line directive=0 out
    local -a candidates=()
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref -n "=:" cur words cword
    else
        cur="\${COMP_WORDS[COMP_CWORD]}" words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
    fi
    out=$("\${words[0]}" __completeNoDesc "\${words[@]:1:cword-1}" "$cur" 2>/dev/null)
    while IFS= read -r line; do
        if [[ $line == :* ]]; then directive=\${line#:}; elif [[ -n $line ]]; then candidates+=("$line"); fi
    done <<<"$out"
    local candidate
    for candidate in "\${candidates[@]}"; do
        [[ $candidate == "$cur"* ]] && COMPREPLY+=("$candidate")
    done
    if [[ $directive -eq 8 ]]; then
        local known="\${candidates[*]}"
        compopt -o filenames 2>/dev/null
        COMPREPLY=()
        while IFS= read -r line; do
            if [[ -d $line || " $known " == *" \${line##*.} "* ]]; then COMPREPLY+=("$line"); fi
        done < <(compgen -f -- "$cur")
        return
    fi
    if (( (directive & 2) != 0 )); then compopt -o nospace 2>/dev/null; fi
    if [[ \${#COMPREPLY[@]} -eq 0 && $directive -eq 0 ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    if [[ $cur == *:* ]] && declare -F __ltrim_colon_completions >/dev/null 2>&1; then
        __ltrim_colon_completions "$cur"
    fi
    if [[ $cur == --*=* ]]; then
        COMPREPLY=("\${COMPREPLY[@]/#*=/}")
    fi
}
complete -F __%F_complete %P
`;

const zsh = `#compdef %P
# zsh completion for %P
_%F()
{
    local line directive=0
    local -a described
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=\${line#:}
        elif [[ -n $line ]]; then
            local name=\${line%%$'\\t'*} about=""
            [[ $line == *$'\\t'* ]] && about=\${line#*$'\\t'}
            described+=("\${name//:/\\\\:}\${about:+:$about}")
        fi
    done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)
    if (( directive == 8 )); then
        _files -g "*.(json|yaml|yml)"
    elif (( \${#described} == 0 && directive == 0 )); then
        _files
    elif (( (directive & 2) != 0 )); then
        _describe 'completions' described -S ""
    else
        _describe 'completions' described
    fi
}
if [ "$funcstack[1]" = "_%F" ]; then
    _%F "$@"
else
    compdef _%F %P
fi
`;

const fish = `# fish completion for %P
function __%F_candidates
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    set -l out ($words[1] __complete $words[2..-1] "$last" 2>/dev/null)
    set -l directive 0
    set -l found
    for line in $out
        if string match -q -- ':*' $line
            set directive (string sub -s 2 -- $line)
        else if test -n "$line"
            set -a found $line
        end
    end
    if test "$directive" = 0 -o "$directive" = 8
        __fish_complete_path "$last"
    else
        string join \\n -- $found
    end
end
complete -c %P -e
complete -c %P -f -a '(__%F_candidates)'
`;

const powershell = `# powershell completion for %P
Register-ArgumentCompleter -Native -CommandName '%P' -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)
    $Words = @($CommandAst.CommandElements | ForEach-Object { $_.ToString() })
    $Before = @($Words | Select-Object -Skip 1)
    if ($WordToComplete -ne '' -and $Before.Count -gt 0) { $Before = @($Before | Select-Object -SkipLast 1) }
    $Out = & $Words[0] __complete @Before "$WordToComplete" 2>$null
    $Out | Where-Object { $_ -and -not $_.StartsWith(':') } | ForEach-Object {
        $Name, $About = $_ -split "\`t", 2
        if (-not $About) { $About = $Name }
        [System.Management.Automation.CompletionResult]::new($Name, $Name, 'ParameterValue', $About)
    }
}
`;

export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish, powershell };

export function completionScript(shell: string, program: string): string | undefined {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  return script?.replaceAll('%P', program).replaceAll('%F', program.replaceAll(/\W/g, '_'));
}

# Functions for scripts: system packages, Debian's old kubectl, a Docker Engine. Sourced, not run.

# Installs Debian packages that are missing, and says which.
install_packages() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "error: these packages are needed, and there is no apt-get to install them: ${missing[*]}" >&2
    return 1
  fi
  echo "Installing system packages: ${missing[*]}"
  # A list of packages may be absent (a fresh image) or old: fetch it only when the first try fails.
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }
}

# Unpacks Debian's kubectl 1.20 beside whatever kubectl is installed: its package would clash with another one.
debian_kubectl() {
  local dir=.cache/kubernetes-client
  [ -x "$dir/usr/bin/kubectl" ] && return 0
  mkdir -p "$dir"
  echo "Unpacking Debian's kubernetes-client into $dir"
  (cd "$dir" && { apt-get download -qq kubernetes-client 2>/dev/null || { apt-get update -qq && apt-get download -qq kubernetes-client; }; } &&
    dpkg -x kubernetes-client_*.deb . && rm -f kubernetes-client_*.deb)
}

# Starts a Docker Engine when none answers.
start_docker() {
  docker info >/dev/null 2>&1 && return 0
  echo "Starting dockerd"
  (setsid dockerd >/var/log/sampan-dockerd.log 2>&1 </dev/null &)
  local i
  for i in $(seq 100); do
    docker info >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  echo "error: dockerd did not start within 20 s; see /var/log/sampan-dockerd.log" >&2
  return 1
}

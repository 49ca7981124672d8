// Compiled label selectors, remembered for as long as the (frozen, cached) object that they come from lives.
import { type LabelSelector, type Selector, nothing, selectorFromObject } from '../../../api/selector.ts';

const compiled = new WeakMap<object, Selector>();

/** An invalid selector selects nothing: validation should have refused it, and a controller must not act on it. */
export function compiledSelector(selector: LabelSelector | undefined): Selector {
  if (!selector) return nothing;
  let result = compiled.get(selector);
  if (!result) {
    try {
      result = selectorFromObject(selector);
    } catch {
      result = nothing;
    }
    compiled.set(selector, result);
  }
  return result;
}

/** As compiledSelector, but what would select everything selects nothing (upstream's controllers refuse `{}`). */
export function ownedSelector(selector: LabelSelector | undefined): Selector {
  const result = compiledSelector(selector);
  return result.empty ? nothing : result;
}

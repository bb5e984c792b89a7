// The syntax of the keys of Kubernetes labels and annotations.

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const LABEL_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_PREFIX = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whether a key is one of a Kubernetes label or annotation. */
export function isLabelKey(key: string): boolean {
  const slash = key.lastIndexOf('/');
  return (slash < 0 || LABEL_PREFIX.test(key.slice(0, slash))) && LABEL_NAME.test(key.slice(slash + 1));
}

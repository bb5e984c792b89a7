// A Kubernetes label or annotation.

export interface Label {
  readonly key: string;
  readonly value: string;
}

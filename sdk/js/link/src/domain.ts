// A host alone is served over https, except this machine, where certificates are rare.
const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** The origin of the hub: `crm.example.com`, `localhost:8080` and `https://crm.example.com` are all taken. */
export function originOf(domain: string): string {
  const text = domain.trim();
  const address = /^https?:\/\//i.test(text) ? text : `${LOCAL.test(text) ? "http" : "https"}://${text}`;
  return new URL(address).origin;
}

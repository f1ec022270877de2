/** Claims that this app reads. The API verifies tokens; here they come directly from the issuer. */
export interface Claims {
  sub: string;
  name: string;
  email: string;
  iat: number;
  exp: number;
}

/** Decodes the payload of a token, without verification. */
export function decodeClaims(token: string): Claims {
  const payload = token.split(".")[1] ?? "";
  const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

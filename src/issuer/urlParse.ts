/** oidc-provider asks for `URL.parse`, which Node has from version 22 on; where it is missing, this is it. */
const lacking = URL as unknown as { parse?: (text: string, base?: string) => URL | null };
if (!lacking.parse) {
  lacking.parse = (text, base) => {
    try {
      return new URL(text, base);
    } catch {
      return null;
    }
  };
}

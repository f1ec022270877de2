import { redirect } from "next/navigation";
import { LoginForm } from "@/components/login-form";
import { getSession } from "@/lib/server";

export default async function Page({ searchParams }: PageProps<"/login">) {
  const { next } = await searchParams;
  const target = typeof next === "string" && isPath(next) ? next : "/";
  if (await getSession()) redirect(target);
  return <LoginForm target={target} />;
}

/**
 * Whether a redirect to the text stays in this app: with any other text, a link to the login could lead to a page that imitates it. Browsers read `\` as
 * `/` and drop tabs and line breaks, so `/\t/evil.example` is another host.
 */
function isPath(text: string): boolean {
  return /^\/[!-~]*$/.test(text) && !/\/\/|\\/.test(text);
}

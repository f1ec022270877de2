import { redirect } from "next/navigation";
import { LoginForm } from "@/components/login-form";
import { getSession } from "@/lib/server";

export default async function Page({ searchParams }: PageProps<"/login">) {
  const { next } = await searchParams;
  // A path of this app only: with any other URL, a link to this page could lead to a page that imitates it.
  const target = typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : "/";
  if (await getSession()) redirect(target);
  return <LoginForm target={target} />;
}

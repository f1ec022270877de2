import Link from "next/link";

/** Shown for an unknown path. The page of Next.js has inline styles, which the content security policy forbids. */
export default function NotFound() {
  return (
    <main>
      <h1>Page not found</h1>
      <p>
        <Link href="/">Tasks</Link>
      </p>
    </main>
  );
}

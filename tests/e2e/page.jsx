// A page as a frontend with React would have it: Better Auth's client, unchanged, and the tasks API.
import { jwtClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const api = new URLSearchParams(location.search).get("api");
const auth = createAuthClient({ baseURL: api, plugins: [jwtClient()] });
const ann = { email: "ann@example.com", password: "correct horse battery" };

async function tasks(method, body) {
  const { data } = await auth.token();
  const headers = { Authorization: `Bearer ${data.token}`, "Content-Type": "application/json" };
  return (await fetch(`${api}/api/tasks`, { method, headers, body: body && JSON.stringify(body) })).json();
}

function Page() {
  const { data: session, isPending } = auth.useSession();
  const [count, setCount] = useState();
  const [problem, setProblem] = useState();
  useEffect(() => {
    if (session) tasks("GET").then((list) => setCount(list.length));
  }, [session]);

  const signUp = async () => {
    await auth.signUp.email({ ...ann, name: "Ann" });
    await tasks("POST", { title: "Deploy" });
    setCount((await tasks("GET")).length);
  };
  const signIn = async (password) => setProblem((await auth.signIn.email({ ...ann, password })).error?.code);

  if (isPending) return "wait";
  if (!session) {
    return (
      <>
        nobody is signed in {problem}
        <button onClick={signUp}>sign up</button>
        <button onClick={() => signIn(ann.password)}>sign in</button>
        <button onClick={() => signIn("wrong horse battery")}>sign in wrongly</button>
      </>
    );
  }
  return (
    <>
      {session.user.name} is signed in and has {count} tasks
      <button onClick={() => auth.updateUser({ name: "Anna" })}>rename</button>
      <button onClick={() => auth.signOut()}>sign out</button>
    </>
  );
}

createRoot(document.querySelector("main")).render(<Page />);

export function WorkPage() { return <main className="screen" />; }

export function NewWorkPage() { return <main className="screen" />; }

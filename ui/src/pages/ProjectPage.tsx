export function ProjectPage() { return <main className="screen" />; }

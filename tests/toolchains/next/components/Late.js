/** What is loaded by who shows it. */
export default function Late({ word }) {
  return <b>late {word}</b>;
}

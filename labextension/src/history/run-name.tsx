/** A run's name that gives way in its stem, never in its number: '2-a-rather-l… · 7'. */
import * as React from 'react';

const NUMBER = /^(.*\S)( · \d+)$/;

export function RunName(props: { name: string }): JSX.Element {
  const [, stem, number] = NUMBER.exec(props.name) ?? [null, props.name, ''];
  return (
    <span className="ds-RunName">
      <span className="ds-RunName-stem">{stem}</span>
      {number && <span className="ds-RunName-number">{number}</span>}
    </span>
  );
}

// Package simulate draws pilots whose truth is known and analyses each by the very
// code that analyses a real one: what a protocol's decision rule does, before
// anybody has rated. Scenarios, drawing and counting belong here; estimates and
// decisions are eval/decide's, documents are report's. It reads and stores nothing.
package simulate

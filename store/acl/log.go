package acl

import (
	"container/list"
	"iter"
)

// Context is where a command that was denied came from.
type Context uint8

const (
	Toplevel Context = iota
	Multi
	Lua
	Module
)

// String returns the context as ACL LOG names it.
func (c Context) String() string { return [...]string{"toplevel", "multi", "lua", "module"}[c] }

// Entry is something that was denied, once or several times.
type Entry struct {
	Count   int64
	Reason  Reason
	Context Context
	Object  string // the command, key or channel
	User    string
	AtMs    int64  // of the last time, in Unix milliseconds
	Client  string // its line of CLIENT LIST, of the last time
}

const (
	groupEntries = 10     // how many of the latest entries a new one may be added to
	groupMs      = 60_000 // how long after their last time
)

// Log holds what was denied, the latest first.
type Log struct{ entries list.List }

// Add notes a denial, in a recent entry like it if there is one. At most limit entries are kept.
func (l *Log) Add(e Entry, limit int) {
	if old := l.like(&e); old != nil {
		e.Count = old.Value.(*Entry).Count
		l.entries.Remove(old)
	}
	e.Count++
	l.entries.PushFront(&e)
	for l.entries.Len() > limit {
		l.entries.Remove(l.entries.Back())
	}
}

// like returns the entry that e repeats, or nil.
func (l *Log) like(e *Entry) *list.Element {
	el := l.entries.Front()
	for i := 0; i < groupEntries && el != nil; i, el = i+1, el.Next() {
		o := el.Value.(*Entry)
		if o.Reason == e.Reason && o.Context == e.Context && o.Object == e.Object && o.User == e.User &&
			max(o.AtMs-e.AtMs, e.AtMs-o.AtMs) <= groupMs {
			return el
		}
	}
	return nil
}

// Len returns the number of entries.
func (l *Log) Len() int { return l.entries.Len() }

// Reset forgets everything.
func (l *Log) Reset() { l.entries.Init() }

// Latest yields up to n entries, the latest first.
func (l *Log) Latest(n int) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for el := l.entries.Front(); el != nil && n > 0; el, n = el.Next(), n-1 {
			if !yield(el.Value.(*Entry)) {
				return
			}
		}
	}
}

package command

import (
	"strconv"

	"spindle/store/listpack"
	"spindle/store/stream"
)

// streamRewrite writes a stream to the base of a log: its entries, what is beside them, and its groups. It is a
// stream.Visitor.
type streamRewrite struct {
	*largeWalk
	group []byte
}

var (
	wordXadd         = []byte("XADD")
	wordXsetid       = []byte("XSETID")
	wordMaxlen       = []byte("MAXLEN")
	wordEntriesAdded = []byte("ENTRIESADDED")
	wordMaxDeletedID = []byte("MAXDELETEDID")
	wordCreate       = []byte("CREATE")
)

func decimal(n int64) []byte     { return strconv.AppendInt(nil, n, 10) }
func idText(id stream.ID) []byte { return id.Append(nil) }

func (w *streamRewrite) write(args ...[]byte) { w.r.out.Append(w.db, args...) }

// Node implements stream.Visitor.
func (w *streamRewrite) Node(id stream.ID, lp []byte) {
	stream.EachEntry(id, lp, func(e *stream.Iterator) {
		args := append(w.r.args[:0], wordXadd, w.name, idText(e.ID()))
		element := func(off int) {
			if str, n, isInt := listpack.Get(lp, off); isInt {
				args = append(args, decimal(n))
			} else {
				args = append(args, str)
			}
		}
		for range e.Fields() {
			field, value := e.NextPair()
			element(field)
			element(value)
		}
		w.write(args...)
		w.r.args = args[:0]
	})
}

// Meta implements stream.Visitor. A stream without entries is made by adding one and trimming it away.
func (w *streamRewrite) Meta(m stream.Meta) {
	if m.Entries == 0 {
		w.write(wordXadd, w.name, wordMaxlen, wordZero, []byte("0-1"), []byte("x"), []byte("y"))
	}
	w.write(wordXsetid, w.name, idText(m.Last), wordEntriesAdded, decimal(int64(m.Added)), wordMaxDeletedID, idText(m.MaxDeleted))
}

// Group implements stream.Visitor.
func (w *streamRewrite) Group(g stream.GroupState) {
	w.group = []byte(g.Name)
	w.write(wordXgroup, wordCreate, w.name, w.group, idText(g.Last), wordEntriesRead, decimal(g.Read))
}

// Pending implements stream.Visitor.
func (w *streamRewrite) Pending(p stream.PendingState) {
	w.write(wordXclaim, w.name, w.group, []byte(p.Consumer), wordZero, idText(p.ID), wordTime, decimal(p.Time),
		wordRetryCount, strconv.AppendUint(nil, p.Deliveries, 10), wordJustid, wordForce)
}

// Consumer implements stream.Visitor. XCLAIM makes no consumer when the stream no longer has what is pending for it, so each
// is created here.
func (w *streamRewrite) Consumer(c stream.ConsumerState) {
	w.write(wordXgroup, wordCreateconsumer, w.name, w.group, []byte(c.Name))
}

// Owned implements stream.Visitor.
func (w *streamRewrite) Owned(stream.ID) {}

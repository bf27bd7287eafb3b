package command

import (
	"io"
	"strconv"

	"spindle/aof/rdb"
	"spindle/store"
	"spindle/store/hash"
	"spindle/store/list"
	"spindle/store/set"
	"spindle/store/stream"
	"spindle/store/zset"
)

// A snapshot in RDB form. A value is one piece there, but a large one is handed over in slices, and what commands change meanwhile comes
// in between: other keys, other large values, elements of those that wait for their turn. So each large value is written to a part of its
// own. That of the first one goes to the file as it grows; keys wait aside until it has come to its end. What has waited may be much: it
// goes to the file in slices, too.

// rdbWalk is a store.Sink that writes a file.
type rdbWalk struct {
	s     *Server
	out   io.Writer
	file  rdbPart
	aside rdbPart     // keys that come while a large value is being written
	large []*rdbLarge // begun and not ended: the first one goes to the file
	chunk int         // rdbChunkBytes, but for tests
}

// rdbPart is records one after the other.
type rdbPart struct {
	w    *rdb.Writer
	db   int      // the last record's, -1 before the first
	full [][]byte // what w held before
}

const (
	// rdbChunkBytes is how much is gathered before it goes out: summing it up and copying it takes a tenth of a millisecond.
	rdbChunkBytes = 64 << 10
	// rdbCompressBytes is what may be compressed in a step of the walk: it takes a fifth of a millisecond.
	rdbCompressBytes = 64 << 10
)

// newRDBWalk begins a file, of a log or a dump.
func (s *Server) newRDBWalk(out io.Writer, ofLog bool) *rdbWalk {
	w := rdb.NewWriter(nil)
	w.Compress, w.NoChecksum = s.Config.Rdbcompression, !s.Config.Rdbchecksum
	w.Header(rdb.Version)
	w.Aux("redis-ver", RedisVersion)
	w.Aux("redis-bits", "64")
	w.Aux("ctime", strconv.FormatInt(s.nowMs/1000, 10))
	w.Aux("used-mem", strconv.FormatInt(s.usedMemory(), 10))
	base := "0"
	if ofLog {
		base = "1"
	}
	w.Aux("aof-base", base)
	s.dumpFunctions(w)
	return &rdbWalk{s: s, out: out, chunk: rdbChunkBytes, file: rdbPart{w: w, db: -1}, aside: rdbPart{w: w.Part(), db: -1}}
}

// slice begins a step of the walk.
func (r *rdbWalk) slice() {
	r.file.w.LimitCompression(rdbCompressBytes)
	if len(r.large) == 0 {
		r.takeAside()
	}
}

// end ends the file. It reports false while there is more to do before.
func (r *rdbWalk) end() bool {
	if len(r.aside.full) > 0 {
		return false // slice is called again
	}
	r.aside.cut(0)
	r.takeAside()
	r.file.w.EOF()
	r.file.w.Flush(r.out)
	return true
}

// in selects a database.
func (p *rdbPart) in(db int) *rdb.Writer {
	if p.db != db {
		p.db = db
		p.w.SelectDB(db)
	}
	return p.w
}

// cut sets what w holds aside if it is more than n bytes.
func (p *rdbPart) cut(n int) bool {
	if p.w.Len() <= n {
		return false
	}
	p.full = append(p.full, p.w.Swap(nil))
	return true
}

// take moves the oldest of what part p has set aside to the file. It reports whether there was any.
func (r *rdbWalk) take(p *rdbPart) bool {
	if len(p.full) == 0 {
		return false
	}
	r.file.w.Piece(p.full[0])
	p.full[0] = nil
	p.full = p.full[1:]
	r.flush()
	return true
}

// takeAside moves some of the keys that have waited to the file. Each lot of them begins with its database.
func (r *rdbWalk) takeAside() bool {
	if !r.take(&r.aside) {
		return false
	}
	r.file.db = -1
	return true
}

func (r *rdbWalk) flush() {
	if r.file.w.Len() >= r.chunk {
		r.file.w.Flush(r.out)
	}
}

// Key implements store.Sink.
func (r *rdbWalk) Key(db int, k *store.Key) {
	if len(r.large) == 0 {
		r.s.rdbKey(r.file.in(db), k)
		r.flush()
		return
	}
	r.s.rdbKey(r.aside.in(db), k)
	if r.aside.cut(r.chunk) {
		r.aside.db = -1
	}
}

// rdbLarge is a large value on its way. It is the store.Walker of a collection.
type rdbLarge struct {
	r     *rdbWalk
	part  rdbPart
	inner store.Walker // nil for a big string
	begun bool         // some of it is in the file: nothing may come in between
}

func (r *rdbWalk) begin(db int, k *store.Key) *rdbLarge {
	l := &rdbLarge{r: r, part: rdbPart{w: r.file.w.Part(), db: -1}}
	r.large = append(r.large, l)
	r.s.rdbHead(l.part.in(db), k)
	return l
}

// more is called when something has been added.
func (l *rdbLarge) more() { l.part.cut(l.r.chunk) }

// advance moves all that the first value has said to the file.
func (l *rdbLarge) advance() {
	l.part.cut(0)
	for l.r.take(&l.part) {
	}
}

// end is called when the first value is complete.
func (l *rdbLarge) end() {
	l.advance()
	r := l.r
	r.file.db = l.part.db
	r.large[0] = nil
	r.large = r.large[1:]
	if len(r.large) == 0 && r.aside.cut(0) {
		r.aside.db = -1
	}
}

// Step implements store.Walker.
func (l *rdbLarge) Step(steps int) int {
	if !l.begun && l.r.takeAside() {
		return steps
	}
	l.begun = true
	if l.r.take(&l.part) { // what it said while it waited
		return steps
	}
	n := l.inner.Step(steps)
	if n < steps {
		l.end()
	} else {
		l.advance()
	}
	return n
}

// Stop implements store.Walker: the file is given up.
func (l *rdbLarge) Stop() { l.inner.Stop() }

// Big implements store.BigSink.
func (r *rdbWalk) Big(db int, k *store.Key) (piece func(offset int, b []byte), end func()) {
	l := r.begin(db, k)
	l.part.w.BeginPieces(len(k.Bytes()))
	return func(_ int, b []byte) {
		l.part.w.Piece(b)
		l.advance()
	}, l.end
}

// Large implements store.Sink.
func (r *rdbWalk) Large(db int, k *store.Key, o store.Object) store.Walker {
	l := r.begin(db, k)
	w := l.part.w
	switch o := o.(type) {
	case *hash.Map:
		if rdbType(k) == rdb.TypeHashExpiry {
			w.BeginHashExpiry(o.Len(), o.Deadline())
			l.inner = o.BeginWalk(func(field, value []byte, at int64) { w.PairExpiry(field, value, at); l.more() })
			break
		}
		w.Begin(rdb.TypeHash, o.Len())
		l.inner = o.BeginWalk(func(field, value []byte, _ int64) { w.Pair(field, value); l.more() })
	case *set.Set:
		w.Begin(rdb.TypeSet, o.Len())
		l.inner = o.BeginWalk(func(member []byte) { w.Blob(member); l.more() })
	case *zset.Set:
		w.Begin(rdb.TypeZSet, o.Len())
		l.inner = o.BeginWalk(func(member []byte, score float64) { w.Scored(member, score); l.more() })
	case *list.List:
		w.Begin(rdb.TypeListNodes, o.Chunks())
		l.inner = o.BeginWalk(func(lp []byte) { w.Node(lp, false); l.more() })
	case *stream.Stream:
		w.Begin(rdb.TypeStream, o.Nodes())
		l.inner = o.BeginWalk(&rdbStreamWriter{w: w})
	}
	return l
}

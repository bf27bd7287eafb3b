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
// own. That of the first one goes to the file as it grows; keys wait aside until it has come to its end.

// rdbWalk is a store.Sink that writes a file.
type rdbWalk struct {
	s     *Server
	out   io.Writer
	file  rdbPart
	aside rdbPart     // keys that come while a large value is being written
	large []*rdbLarge // begun and not ended: the first one goes to the file
}

// rdbPart is records one after the other.
type rdbPart struct {
	w  *rdb.Writer
	db int // the last record's, -1 before the first
}

const (
	// rdbFlushBytes is how much is gathered before it goes out.
	rdbFlushBytes = 64 << 10
	// rdbCompressBytes is what may be compressed in a step of the walk: it takes a fifth of a millisecond.
	rdbCompressBytes = 64 << 10
	// rdbKeepBytes is the largest buffer of what waited that is used again.
	rdbKeepBytes = 1 << 20
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
	return &rdbWalk{s: s, out: out, file: rdbPart{w, -1}, aside: rdbPart{w.Part(), -1}}
}

// slice begins a step of the walk.
func (r *rdbWalk) slice() { r.file.w.LimitCompression(rdbCompressBytes) }

// end ends the file.
func (r *rdbWalk) end() {
	r.file.w.EOF()
	r.file.w.Flush(r.out)
}

// in selects a database.
func (p *rdbPart) in(db int) *rdb.Writer {
	if p.db != db {
		p.db = db
		p.w.SelectDB(db)
	}
	return p.w
}

// take moves what part p holds to the file.
func (r *rdbWalk) take(p *rdbPart) {
	b := p.w.Bytes()
	if len(b) == 0 {
		return
	}
	r.file.w.Piece(b)
	r.file.db = p.db
	if cap(b) > rdbKeepBytes {
		b = nil
	}
	p.w.Reset(b[:0])
	r.flush()
}

func (r *rdbWalk) flush() {
	if r.file.w.Len() >= rdbFlushBytes {
		r.file.w.Flush(r.out)
	}
}

// Key implements store.Sink.
func (r *rdbWalk) Key(db int, k *store.Key) {
	if len(r.large) > 0 {
		r.s.rdbKey(r.aside.in(db), k)
		return
	}
	r.s.rdbKey(r.file.in(db), k)
	r.flush()
}

// rdbLarge is a large value on its way. It is the store.Walker of a collection.
type rdbLarge struct {
	r     *rdbWalk
	part  rdbPart
	inner store.Walker // nil for a big string
}

func (r *rdbWalk) begin(db int, k *store.Key) *rdbLarge {
	l := &rdbLarge{r: r, part: rdbPart{r.file.w.Part(), -1}}
	r.large = append(r.large, l)
	r.s.rdbHead(l.part.in(db), k)
	return l
}

// first moves what the first value's part holds to the file.
func (l *rdbLarge) first() { l.r.take(&l.part) }

// end is called when the first value is complete.
func (l *rdbLarge) end() {
	l.first()
	r := l.r
	r.large[0] = nil
	r.large = r.large[1:]
	r.take(&r.aside)
	r.aside.db = -1
}

// Step implements store.Walker.
func (l *rdbLarge) Step(steps int) int {
	n := l.inner.Step(steps)
	if n < steps {
		l.end()
	} else {
		l.first()
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
		l.first()
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
			l.inner = o.BeginWalk(w.PairExpiry)
			break
		}
		w.Begin(rdb.TypeHash, o.Len())
		l.inner = o.BeginWalk(func(field, value []byte, _ int64) { w.Pair(field, value) })
	case *set.Set:
		w.Begin(rdb.TypeSet, o.Len())
		l.inner = o.BeginWalk(w.Blob)
	case *zset.Set:
		w.Begin(rdb.TypeZSet, o.Len())
		l.inner = o.BeginWalk(w.Scored)
	case *list.List:
		w.Begin(rdb.TypeListNodes, o.Chunks())
		l.inner = o.BeginWalk(func(lp []byte) { w.Node(lp, false) })
	case *stream.Stream:
		w.Begin(rdb.TypeStream, o.Nodes())
		l.inner = o.BeginWalk(&rdbStreamWriter{w: w})
	}
	return l
}

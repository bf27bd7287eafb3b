package command

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"spindle/aof"
	"spindle/resp"
	"spindle/store"
	"spindle/store/hash"
	"spindle/store/intset"
	"spindle/store/list"
	"spindle/store/listpack"
	"spindle/store/set"
	"spindle/store/stream"
	"spindle/store/zset"
)

// A log rewrite without fork: the log goes on in a new increment at once, and a snapshot of the
// keyspace, walked in slices, is written as the new base. See store/snapshot.go for how each key gets there exactly once, as of the
// moment the increment began.

var errRewriting = resp.Error("ERR Background append only file rewriting already in progress")

// logRewrite is a store.Sink that writes commands.
type logRewrite struct {
	out     *aof.Rewrite
	args    [][]byte
	numbers []byte
}

// itemsPerCommand bounds the elements of one command in the base, as in Redis.
const itemsPerCommand = 64

// BeginRewrite starts a log rewrite.
func (s *Server) BeginRewrite() error {
	switch {
	case s.Log == nil:
		return resp.Error("ERR append only file is off, there is nothing to rewrite; CONFIG SET appendonly yes creates it")
	case s.rewrite != nil || s.Store.Snapshot() != nil:
		return errRewriting
	}
	out, err := s.Log.BeginRewrite(s.rewriteDone)
	if err != nil {
		return resp.Error("ERR " + err.Error())
	}
	s.beginWalk(out)
	return nil
}

// beginWalk writes the data set, as it is now, to out.
func (s *Server) beginWalk(out *aof.Rewrite) {
	w := &walk{s: s, file: out, task: &task{name: "log rewrite", event: "aof-rewrite-cycle"}}
	w.over = func() {
		if s.rewrite == w {
			s.rewrite = nil
		}
	}
	s.rewrite = w
	s.logf(aof.Notice, "Background append only file rewriting started")
	if !out.RDB() {
		s.rewriteFunctions(out)
		w.begin(&logRewrite{out: out})
		return
	}
	sink := s.newRDBWalk(out, true)
	w.before, w.last = sink.slice, sink.end
	w.begin(sink)
}

// rewriteDone is called on a goroutine of the log.
func (s *Server) rewriteDone(err error) {
	if err == nil {
		s.env.Post(func() {
			s.logAdvanced() // a log that was being enabled is one now
		})
	}
}

// flushedDuringRewrite begins a running rewrite again over what is left: walking keys that have just been
// thrown away would be a waste.
func (s *Server) flushedDuringRewrite() {
	r := s.rewrite
	if r == nil || r.ended {
		return
	}
	r.abort()
	s.rewriteAgain = true
}

// checkRewrite begins a rewrite that is due.
func (s *Server) checkRewrite() {
	if s.Log == nil || s.rewrite != nil || s.Store.Snapshot() != nil {
		return
	}
	st := s.Log.Status()
	if st.RewriteInProgress {
		return
	}
	again := s.rewriteAgain || s.rewriteScheduled || s.Log.NeedsRewrite()
	if percent := int64(s.Config.AutoAofRewritePercentage); !again && percent > 0 && st.CurrentSize > s.Config.AutoAofRewriteMinSize {
		base := max(st.BaseSize, 1)
		if growth := st.CurrentSize*100/base - 100; growth >= percent {
			s.logf(aof.Notice, "Starting automatic rewriting of AOF on %d%% growth", growth)
			again = s.rewriteMayRun(st)
		}
	}
	if again {
		s.rewriteAgain, s.rewriteScheduled = false, false
		if err := s.BeginRewrite(); err != nil && !errors.Is(err, errRewriting) {
			s.logf(aof.Warning, "Can't rewrite the append only file: %v", err)
		}
	}
}

// rewriteMayRun holds automatic rewrites back after failures: a minute, doubled for each failure in a row up to an hour.
func (s *Server) rewriteMayRun(st aof.Status) bool {
	if st.ConsecutiveFailures == 0 {
		return true
	}
	wait := int64(60_000) << min(st.ConsecutiveFailures-1, 6)
	if s.nowMs-s.rewriteTriedMs < min(wait, 3_600_000) {
		return false
	}
	s.rewriteTriedMs = s.nowMs
	return true
}

// Key implements store.Sink: it writes a key whose value is in its record.
func (r *logRewrite) Key(db int, k *store.Key) {
	name := k.Name()
	switch k.Type() {
	case store.String:
		r.string(db, name, k)
	case store.List:
		r.listpack(db, "RPUSH", name, k.Bytes())
	case store.Hash:
		r.listpack(db, "HSET", name, k.Bytes())
	case store.ZSet:
		r.zset(db, name, k.Bytes())
	case store.Set:
		if k.Encoding() == store.Intset {
			r.intset(db, name, k.Bytes())
		} else {
			r.listpack(db, "SADD", name, k.Bytes())
		}
	}
	if k.Type() != store.String {
		r.expire(db, name, k.ExpireAt())
	}
}

func (r *logRewrite) string(db int, name []byte, k *store.Key) {
	value := k.Bytes()
	if k.Encoding() == store.Int {
		r.numbers = strconv.AppendInt(r.numbers[:0], k.Int(), 10)
		value = r.numbers
	}
	if at := k.ExpireAt(); at != 0 {
		var digits [20]byte
		r.out.Append(db, []byte("SET"), name, value, []byte("PXAT"), strconv.AppendInt(digits[:0], at, 10))
		return
	}
	r.out.Append(db, []byte("SET"), name, value)
}

func (r *logRewrite) expire(db int, name []byte, at int64) {
	if at != 0 {
		r.numbers = strconv.AppendInt(r.numbers[:0], at, 10)
		r.out.Append(db, []byte("PEXPIREAT"), name, r.numbers)
	}
}

// open starts a command on name; add gives it arguments, end writes it.
func (r *logRewrite) open(command string, name []byte) {
	r.args = append(r.args[:0], []byte(command), name)
	r.numbers = r.numbers[:0]
}

func (r *logRewrite) add(arg []byte) { r.args = append(r.args, arg) }

// addInt adds an integer, whose digits live in numbers until end.
func (r *logRewrite) addInt(n int64) {
	if cap(r.numbers)-len(r.numbers) < 20 {
		r.numbers = make([]byte, 0, 64*itemsPerCommand) // the old digits stay where they are
	}
	at := len(r.numbers)
	r.numbers = strconv.AppendInt(r.numbers, n, 10)
	r.add(r.numbers[at:])
}

// full reports whether the command has its share of arguments.
func (r *logRewrite) full() bool { return len(r.args) >= 2+2*itemsPerCommand }

// end writes the command if it has elements, and begins the next.
func (r *logRewrite) end(db int) {
	if len(r.args) > 2 {
		r.out.Append(db, r.args...)
	}
	r.args, r.numbers = r.args[:2], r.numbers[:0]
}

// listpack writes the entries of a listpack in order.
func (r *logRewrite) listpack(db int, command string, name, lp []byte) {
	r.open(command, name)
	for at := listpack.First(lp); at != listpack.None; at = listpack.Next(lp, at) {
		r.entry(lp, at)
		if r.full() {
			r.end(db)
		}
	}
	r.end(db)
}

func (r *logRewrite) entry(lp []byte, at int) {
	if str, n, isInt := listpack.Get(lp, at); isInt {
		r.addInt(n)
	} else {
		r.add(str)
	}
}

func (r *logRewrite) intset(db int, name, is []byte) {
	r.open("SADD", name)
	for i := range intset.Len(is) {
		r.addInt(intset.Get(is, i))
		if r.full() {
			r.end(db)
		}
	}
	r.end(db)
}

// zset writes member-score pairs as score-member ones.
func (r *logRewrite) zset(db int, name, lp []byte) {
	r.open("ZADD", name)
	for at := listpack.First(lp); at != listpack.None; {
		member := at
		score := listpack.Next(lp, at)
		r.entry(lp, score)
		r.entry(lp, member)
		at = listpack.Next(lp, score)
		if r.full() {
			r.end(db)
		}
	}
	r.end(db)
}

// Big implements store.BigSink. The string is written as SETRANGEs. The last byte comes first, so that loading takes the whole
// memory at once.
func (r *logRewrite) Big(db int, k *store.Key) (piece func(offset int, b []byte), end func()) {
	name, expireAt := bytes.Clone(k.Name()), k.ExpireAt()
	last := len(k.Bytes()) - 1
	r.out.Append(db, []byte("SETRANGE"), name, strconv.AppendInt(nil, int64(last), 10), k.Bytes()[last:])
	piece = func(offset int, b []byte) {
		var digits [20]byte
		r.out.Append(db, []byte("SETRANGE"), name, strconv.AppendInt(digits[:0], int64(offset), 10), b)
	}
	return piece, func() { r.expire(db, name, expireAt) }
}

// Large implements store.Sink.
func (r *logRewrite) Large(db int, k *store.Key, o store.Object) store.Walker {
	w := &largeWalk{r: r, db: db, name: bytes.Clone(k.Name()), expireAt: k.ExpireAt()}
	switch o := o.(type) {
	case *hash.Map:
		w.command = "HSET"
		w.inner = o.BeginWalk(func(field, value []byte, expireAt int64) {
			w.add(field, value)
			if expireAt != 0 {
				w.fieldExpire(field, expireAt)
			}
		})
	case *set.Set:
		w.command = "SADD"
		w.inner = o.BeginWalk(func(member []byte) { w.add(member) })
	case *zset.Set:
		w.command = "ZADD"
		w.inner = o.BeginWalk(func(member []byte, score float64) {
			var digits [32]byte
			w.add(resp.AppendDouble(digits[:0], score), member)
		})
	case *list.List:
		w.command = "RPUSH"
		w.inner = o.BeginWalk(func(lp []byte) {
			var buf [20]byte
			for off := listpack.First(lp); off != listpack.None; off = listpack.Next(lp, off) {
				w.add(listpack.Element(lp, off, buf[:]))
			}
		})
	case *stream.Stream:
		w.inner = o.BeginWalk(&streamRewrite{largeWalk: w})
	default:
		panic(fmt.Sprintf("log rewrite: no walk for %T", o))
	}
	return w
}

// largeWalk writes a large collection, in commands of a few elements each. Elements come in the order of their walk,
// except for those that are changed before it reaches them.
type largeWalk struct {
	r        *logRewrite
	inner    store.Walker
	db       int
	command  string
	name     []byte
	expireAt int64

	items []byte // encoded arguments
	count int    // of them
	out   []byte
}

// add appends one element's arguments.
func (w *largeWalk) add(args ...[]byte) {
	for _, a := range args {
		w.items = resp.AppendBulk(w.items, a)
	}
	if w.count += len(args); w.count >= 2*itemsPerCommand {
		w.flush()
	}
}

// flush writes what has been added.
func (w *largeWalk) flush() {
	if w.count == 0 {
		return
	}
	w.out = resp.AppendArrayHeader(w.out[:0], 2+w.count)
	w.out = resp.AppendBulkString(w.out, w.command)
	w.out = resp.AppendBulk(w.out, w.name)
	w.out = append(w.out, w.items...)
	w.r.out.AppendEncoded(w.db, w.out)
	w.items, w.count = w.items[:0], 0
}

// fieldExpire writes the expiry of a hash field, which has to be there by then.
func (w *largeWalk) fieldExpire(field []byte, at int64) {
	w.flush()
	var digits [20]byte
	w.r.out.Append(w.db, []byte("HPEXPIREAT"), w.name, strconv.AppendInt(digits[:0], at, 10), []byte("FIELDS"), []byte("1"), field)
}

// Step implements store.Walker.
func (w *largeWalk) Step(steps int) int {
	n := w.inner.Step(steps)
	if n < steps {
		w.flush()
		w.r.expire(w.db, w.name, w.expireAt)
	}
	return n
}

// Stop implements store.Walker.
func (w *largeWalk) Stop() { w.inner.Stop() }

// Package resp is the wire: the incremental request parser, the reply writer for
// RESP2 and RESP3, the number formats and the error texts a client can see.
//
// # How requests are framed
//
// A read event is Feed(bytes), Next until it asks for more, Save. While nothing
// is left over from an earlier event, commands are parsed straight out of the
// bytes that were read: no copy, no allocation. What is left at the end (a part
// of one command, or commands that were not asked for) is copied by Save into
// memory of the parser's own. The next event completes the first command there,
// taking from its input only the bytes that command still lacks, and goes back
// to parsing in place.
//
//	event 1   [GET a][GET b][SET c he       the tail is copied
//	event 2   llo][GET d][GET e]            "llo" is appended, the rest parsed in place
//
// The state of a half-parsed command (offsets, counts) is kept, so no byte is
// looked at twice, however the stream is cut. A claimed length is not believed
// before data has arrived: memory grows by doubling up to trustBytes, and only
// then jumps to the claimed size, so a huge bulk is copied once.
//
// All this state sits in a frame. A parser with nothing buffered has none: idle
// clients cost one pointer. Frames are recycled through a short free list.
package resp

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"sync"
)

// Limits bound what one client may send. Zero fields stand for Redis's defaults.
type Limits struct {
	MaxBulk       int64 // bytes in one argument (proto-max-bulk-len), 0 = 512 MB
	MaxInline     int   // bytes in an inline command or a length line, 0 = 64 KB
	Authenticated bool  // false: at most 10 arguments of 16 KB, as before AUTH
}

const (
	maxBulkDefault   = 512 << 20
	maxInlineDefault = 64 << 10
	maxBulkUnauth    = 16384 // bytes
	maxArgsUnauth    = 10

	trustBytes    = 16 << 20 // so much has to arrive before a claimed length is believed
	keepBytes     = 64 << 10 // larger buffers are dropped when consumed
	keepArgs      = 1024     // larger argument slices too
	spareFrameMax = 32
)

func (l *Limits) maxBulk() int64 {
	if l.MaxBulk == 0 {
		return maxBulkDefault
	}
	return l.MaxBulk
}

func (l *Limits) maxInline() int {
	if l.MaxInline == 0 {
		return maxInlineDefault
	}
	return l.MaxInline
}

// Parser turns the bytes read from one client into commands. The zero value is
// ready. Limits may be changed between any two calls, for instance after AUTH.
type Parser struct {
	Limits Limits
	f      *frame // nil while nothing is buffered
}

// Feed lends the bytes just read to the parser, until Save. It may be called
// once per event; all earlier input must have been saved.
func (p *Parser) Feed(in []byte) {
	if len(in) == 0 {
		return
	}
	if Invariants {
		in = bytes.Clone(in) // so that commands can be scribbled over
	}
	if p.f == nil {
		p.f = newFrame()
	}
	p.f.feed(in)
}

// Next returns the next complete command. The arguments are borrowed from the
// parser until the following Next, Save or Release. ok is false when more input
// is needed. An error is a *ProtocolError; the parser then stays failed.
func (p *Parser) Next() (args [][]byte, ok bool, err error) {
	f := p.f
	if f == nil {
		return nil, false, nil
	}
	f.forget()
	if f.err != nil {
		return nil, false, f.err
	}
	for {
		if f.todo == 0 && f.parseShort(&p.Limits) {
			return f.args, true, nil
		}
		switch f.parse(&p.Limits) {
		case complete:
			return f.args, true, nil
		case failed:
			return nil, false, f.err
		case hungry:
			if !f.pull() {
				return nil, false, nil
			}
		}
	}
}

// Save ends the read event: what is left of the borrowed input is copied. The
// last command's arguments become invalid.
func (p *Parser) Save() {
	f := p.f
	if f == nil {
		return
	}
	f.forget()
	switch {
	case f.err != nil:
		p.f = &frame{err: f.err} // the input is of no further use
	case f.save():
	default:
		p.f = nil
		f.recycle()
	}
}

// Release frees all memory and forgets what was buffered, a failure included.
func (p *Parser) Release() {
	if f := p.f; f != nil {
		f.forget()
		p.f = nil
		f.recycle()
	}
}

// Buffered returns the number of bytes held that are not yet part of a returned
// command: the size of the query buffer.
func (p *Parser) Buffered() int {
	if p.f == nil {
		return 0
	}
	return len(p.f.data) - p.f.start + len(p.f.in)
}

// Capacity returns the memory held for input, in bytes.
func (p *Parser) Capacity() int {
	switch {
	case p.f == nil:
		return 0
	case p.f.owned:
		return cap(p.f.data)
	}
	return cap(p.f.mem)
}

// CommandBytes returns the wire size of the command that Next returned last. It
// is valid as long as that command's arguments are.
func (p *Parser) CommandBytes() int {
	if p.f == nil {
		return 0
	}
	return p.f.size
}

// frame is the state of a parser that holds bytes. All offsets point into data,
// except the spans, which count from start and so survive a move of the bytes.
type frame struct {
	data  []byte // being parsed: borrowed input, or mem when owned
	in    []byte // borrowed input that follows data; only when owned
	mem   []byte // our own memory, length 0, kept for its capacity
	owned bool   // data lives in mem

	start int    // first byte of the command being parsed
	at    int    // first byte of it not yet parsed
	scan  int    // no line end was found between at and here
	todo  int    // bulks of the command still to come, 0 = none was begun
	bulk  int    // length of the bulk at `at`, -1 = its length line comes first
	spans []span // arguments found so far

	args    [][]byte // the command returned last
	argsTop int      // how much of args may hold pointers
	size    int      // its wire size
	err     *ProtocolError
}

type span struct{ off, n int }

// status is what an attempt to parse came to.
type status uint8

const (
	hungry   status = iota // bytes are missing
	complete               // args holds a command
	skipped                // an empty request was passed over
	failed                 // err is set
)

// feed appends in to what is there, copying nothing yet.
func (f *frame) feed(in []byte) {
	switch {
	case f.err != nil:
	case f.start == len(f.data) && len(f.in) == 0:
		f.lend(in)
	case !f.owned:
		f.save()
		f.in = in
	case len(f.in) > 0:
		f.take(len(f.in))
		f.in = in
	default:
		f.in = in
	}
}

// lend makes in the data to be parsed. Nothing may be left of the old data.
func (f *frame) lend(in []byte) {
	f.disown()
	f.data, f.in = in, nil
	f.start, f.at, f.scan = 0, 0, 0
}

// disown forgets data, keeping the memory if it is small.
func (f *frame) disown() {
	if f.owned {
		f.owned = false
		f.mem = nil
		if cap(f.data) <= keepBytes {
			f.mem = f.data[:0]
		} else {
			giveBuffer(f.data)
		}
	}
	f.data = nil
}

// forget ends the life of the command returned last.
func (f *frame) forget() {
	if Invariants {
		for _, a := range f.args {
			scribble(a)
		}
	}
	f.argsTop = max(f.argsTop, len(f.args))
	f.args = f.args[:0]
	f.size = 0
}

// pull moves the bytes the current command lacks from the input to the data. It
// reports whether there is anything new to parse.
func (f *frame) pull() bool {
	if len(f.in) == 0 {
		return false
	}
	if f.start == len(f.data) {
		f.lend(f.in)
		return true
	}
	f.take(min(f.missing(), len(f.in)))
	return true
}

// missing returns how many bytes of in are certain to belong to the current
// command, so that those behind it can be parsed in place. It is at least 1.
func (f *frame) missing() int {
	switch {
	case f.todo > 0 && f.bulk >= 0:
		return f.at + f.bulk + 2 - len(f.data)
	case f.todo == 0 && f.data[f.at] != '*':
		if i := bytes.IndexByte(f.in, '\n'); i >= 0 {
			return i + 1
		}
	case f.data[len(f.data)-1] == '\r':
		return 1
	default:
		if i := bytes.IndexByte(f.in, '\r'); i >= 0 {
			return i + 2
		}
	}
	return len(f.in)
}

// take moves n bytes of in behind the owned data.
func (f *frame) take(n int) {
	if len(f.data)+n > cap(f.data) {
		f.rehouse(n)
	}
	f.data = append(f.data, f.in[:n]...)
	f.in = f.in[n:]
}

// save makes the data owned, with all input behind it. It returns false if there
// is nothing to keep.
func (f *frame) save() bool {
	if f.owned && f.start == len(f.data) {
		f.lend(f.in)
	}
	if f.start == len(f.data) {
		return false
	}
	if !f.owned {
		f.rehouse(0)
	}
	if len(f.in) > 0 {
		f.take(len(f.in))
	}
	f.in = nil
	return true
}

// rehouse moves the unconsumed data to the front of own memory with room for
// extra bytes more.
func (f *frame) rehouse(extra int) {
	rest := f.data[f.start:]
	need := len(rest) + extra
	mem := f.mem
	if f.owned {
		mem = f.data[:0]
	}
	// Sliding down pays only if at least as much was consumed as is moved.
	if cap(mem) < need || f.owned && f.start < len(rest) {
		mem = takeBuffer(f.roomFor(need), 2*need)
		if f.owned {
			defer giveBuffer(f.data)
		}
	}
	f.data = append(mem, rest...)
	f.mem, f.owned = nil, true
	f.at -= f.start
	f.scan -= f.start
	f.start = 0
}

// roomFor returns the capacity to allocate for need bytes of unconsumed data.
func (f *frame) roomFor(need int) int {
	room := 1 << bits.Len(uint(need)) // a power of two, so that it can be used again
	if f.todo > 0 && f.bulk >= 0 {
		goal := f.at - f.start + f.bulk + 2 // the end of this bulk
		if need >= trustBytes || goal < room {
			room = goal
		}
	}
	return max(room, need, 64)
}

// parse goes on with the current command.
func (f *frame) parse(l *Limits) status {
	if f.todo == 0 {
		if f.at == len(f.data) {
			return hungry
		}
		if f.data[f.at] != '*' {
			return f.parseInline(l)
		}
		if st := f.parseCount(l); st != complete {
			return st
		}
	}
	for f.todo > 0 {
		if f.bulk < 0 {
			if st := f.parseBulkLen(l); st != complete {
				return st
			}
		}
		if len(f.data)-f.at < f.bulk+2 {
			return hungry
		}
		f.spans = append(f.spans, span{f.at - f.start, f.bulk})
		f.at += f.bulk + 2 // Redis does not look at the two bytes either
		f.bulk = -1
		f.todo--
	}
	data := f.data[f.start:]
	for _, s := range f.spans {
		f.args = append(f.args, data[s.off:s.off+s.n:s.off+s.n])
	}
	f.finish()
	return complete
}

// finish leaves the command that ends at f.at behind.
func (f *frame) finish() {
	f.size = f.at - f.start
	f.start = f.at
	if cap(f.spans) > keepArgs {
		f.spans = nil
	}
	f.spans = f.spans[:0]
}

// fail puts the parser in its final state.
func (f *frame) fail(err *ProtocolError) status {
	f.err = err
	return failed
}

// line looks for the end of the line that starts at f.at, and returns its offset
// or -1. As in Redis, which searches with strchr, a NUL byte hides the end for
// ever; such a line grows until it is too big.
func (f *frame) line(end byte, l *Limits) (int, bool) {
	from, limit := max(f.scan, f.at), f.at+l.maxInline()+1
	window := f.data[from:max(from, min(len(f.data), limit))]
	if len(window) > 0 && window[0] != 0 {
		i := bytes.IndexByte(window, end)
		if i >= 0 {
			window = window[:i]
		}
		if z := bytes.IndexByte(window, 0); z >= 0 {
			f.scan = from + z
		} else if i >= 0 {
			return from + i, true
		} else {
			f.scan = from + len(window)
		}
	}
	return -1, len(f.data) < limit
}

// lenLine returns a length line, type byte included, and the offset behind it.
// The byte that follows \r is not looked at, as in Redis.
func (f *frame) lenLine(l *Limits, tooBig *ProtocolError) ([]byte, status) {
	i, ok := f.line('\r', l)
	if !ok {
		return nil, f.fail(tooBig)
	}
	if i >= 0 {
		f.scan = i
	}
	if i < 0 || i+1 >= len(f.data) {
		return nil, hungry
	}
	return f.data[f.at:i], complete
}

// parseCount reads "*3\r\n".
func (f *frame) parseCount(l *Limits) status {
	line, st := f.lenLine(l, errBigCount)
	if st != complete {
		return st
	}
	n, ok := ParseInt(line[1:])
	switch {
	case !ok || n > math.MaxInt32:
		return f.fail(errCount)
	case n > maxArgsUnauth && !l.Authenticated:
		return f.fail(errUnauthCount)
	}
	f.at += len(line) + 2
	if n <= 0 {
		f.start = f.at
		return skipped
	}
	f.todo, f.bulk = int(n), -1
	return complete
}

// parseBulkLen reads "$3\r\n".
func (f *frame) parseBulkLen(l *Limits) status {
	line, st := f.lenLine(l, errBigBulkLen)
	if st != complete {
		return st
	}
	if f.data[f.at] != '$' {
		return f.fail(errNoBulk(f.data[f.at]))
	}
	n, ok := ParseInt(line[1:])
	switch {
	case !ok || n < 0 || n > l.maxBulk():
		return f.fail(errBulkLen)
	case n > maxBulkUnauth && !l.Authenticated:
		return f.fail(errUnauthBulkLen)
	}
	f.at += len(line) + 2
	f.bulk = int(n)
	return complete
}

// parseInline reads a command line, "SET k 'a b'\n".
func (f *frame) parseInline(l *Limits) status {
	i, ok := f.line('\n', l)
	if !ok {
		return f.fail(errBigInline)
	}
	if i < 0 {
		return hungry
	}
	line := f.data[f.at:i]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	f.args, ok = appendArgs(f.args, line)
	if !ok {
		f.args = f.args[:0]
		return f.fail(errQuotes)
	}
	f.at = i + 1
	f.finish()
	if len(f.args) == 0 {
		f.size = 0
		return skipped
	}
	return complete
}

// shortBulkMax is the longest argument the fast path takes.
const shortBulkMax = 9999

// parseShort is the fast path: a complete command with less than 100 arguments
// of less than 10,000 bytes each, the length lines well-formed. It returns false,
// with nothing changed, for everything else; parse judges that.
func (f *frame) parseShort(l *Limits) bool {
	b := f.data[f.at:]
	count, i := shortLen(b, 0, '*')
	if count <= 0 || count > maxArgsUnauth && !l.Authenticated || l.maxBulk() < shortBulkMax {
		return false
	}
	if cap(f.args) < count {
		f.args = make([][]byte, 0, max(count, 8))
		f.argsTop = 0
	}
	args := f.args[:count]
	for k := range args {
		n, from := shortLen(b, i, '$')
		if n < 0 {
			n, from = mediumLen(b, i)
		}
		if n < 0 || from+n+2 > len(b) {
			f.argsTop = max(f.argsTop, k)
			return false
		}
		args[k] = b[from : from+n : from+n]
		i = from + n + 2
	}
	f.args = args
	f.size = i
	f.at += i
	f.start = f.at
	return true
}

// shortLen reads a length line of one or two digits at b[i:] and returns the
// length and the offset behind the line, or -1.
func shortLen(b []byte, i int, kind byte) (n, next int) {
	if len(b)-i < 5 {
		return -1, 0
	}
	w := binary.LittleEndian.Uint32(b[i:])
	if w&0xffff00ff == uint32(kind)|'\r'<<16|'\n'<<24 {
		if d := byte(w>>8) - '0'; d <= 9 {
			return int(d), i + 4
		}
		return -1, 0
	}
	d1, d0 := byte(w>>8)-'1', byte(w>>16)-'0'
	if w&0xff0000ff == uint32(kind)|'\r'<<24 && d1 <= 8 && d0 <= 9 && b[i+4] == '\n' {
		return int(d1+1)*10 + int(d0), i + 5
	}
	return -1, 0
}

// mediumLen is shortLen for bulks of three or four digits.
func mediumLen(b []byte, i int) (n, next int) {
	if len(b)-i < 7 || b[i] != '$' || b[i+1] == '0' {
		return -1, 0
	}
	for end := i + 5; i+1 < end; i++ {
		d := b[i+1] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int(d)
	}
	if n < 100 || b[i+1] != '\r' || b[i+2] != '\n' {
		return -1, 0
	}
	return n, i + 3
}

// spareBuffers wait for the next large argument, by the power of two that they hold: to get one from the system anew for each costs more
// than most commands. The garbage collector takes those that nobody needs.
var spareBuffers [spareBitsMax + 1]sync.Pool

const (
	spareBitsMin = 12 // of the size of the smallest buffer that is worth keeping: 4 KB
	spareBitsMax = 23 // of the largest: 8 MB
)

// takeBuffer returns an empty buffer of n bytes, or of the next power of two if that is most at most.
func takeBuffer(n, most int) []byte {
	class := bits.Len(uint(n - 1))
	if class < spareBitsMin || class > spareBitsMax || 1<<class > most {
		return make([]byte, 0, n)
	}
	if b, _ := spareBuffers[class].Get().(*[]byte); b != nil {
		return (*b)[:0]
	}
	return make([]byte, 0, 1<<class)
}

// giveBuffer offers a buffer that is no longer used to takeBuffer.
func giveBuffer(b []byte) {
	if n := cap(b); n&(n-1) == 0 && n >= 1<<spareBitsMin && n <= 1<<spareBitsMax {
		spareBuffers[bits.Len(uint(n))-1].Put(&b)
	}
}

// spareFrames is the free list. One event loop parses most of the time, so the
// lock is hardly ever contended.
var spareFrames struct {
	sync.Mutex
	list []*frame
}

func newFrame() *frame {
	s := &spareFrames
	s.Lock()
	defer s.Unlock()
	if n := len(s.list); n > 0 {
		f := s.list[n-1]
		s.list = s.list[:n-1]
		return f
	}
	return new(frame)
}

// recycle empties f and offers it to other parsers.
func (f *frame) recycle() {
	f.disown()
	args, spans := f.args, f.spans
	if cap(args) > keepArgs {
		args = nil
	}
	if cap(spans) > keepArgs {
		spans = nil
	}
	clear(args[:min(f.argsTop, cap(args))]) // they may pin a large buffer
	*f = frame{mem: f.mem, args: args[:0], spans: spans[:0]}

	s := &spareFrames
	s.Lock()
	defer s.Unlock()
	if len(s.list) < spareFrameMax {
		s.list = append(s.list, f)
	}
}

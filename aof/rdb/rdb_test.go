package rdb

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var seedFlag = flag.Int64("seed", 0, "seed of the random tests; 0 takes the time")

func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = time.Now().UnixNano()
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewSource(seed))
}

func TestCRC64(t *testing.T) {
	table := crc64.MakeTable(jones)
	rng := newRand(t)
	for n := range 100 {
		b := randomBytes(rng, n)
		want := ^crc64.Update(^uint64(0), table, b)
		if got := CRC64(0, b); got != want {
			t.Fatalf("%d bytes: %#x, want %#x", n, got, want)
		}
		if cut := rng.Intn(n + 1); CRC64(CRC64(0, b[:cut]), b[cut:]) != want {
			t.Fatalf("%d bytes in two pieces differ", n)
		}
	}
}

func TestLZF(t *testing.T) {
	rng := newRand(t)
	z := new(lzf)
	for i := range 3000 {
		in := randomBytes(rng, rng.Intn(1<<rng.Intn(14)+1))
		if i%500 == 7 {
			z.base = 1<<32 - 1 - uint32(rng.Intn(5000)) // soon it must start anew
		}
		limit := rng.Intn(len(in) + 10)
		out, ok := z.compress([]byte("before"), in, limit)
		if !ok {
			continue
		}
		if len(out)-6 > limit || string(out[:6]) != "before" {
			t.Fatalf("%d bytes became %d, more than %d", len(in), len(out)-6, limit)
		}
		got, err := lzfExpand([]byte("x"), out[6:], len(in))
		if err != nil || !bytes.Equal(got[1:], in) {
			t.Fatalf("%d bytes do not come back: %v", len(in), err)
		}
		for _, size := range []int{len(in) - 1, len(in) + 1} {
			if _, err := lzfExpand(nil, out[6:], size); err == nil {
				t.Fatalf("%d bytes expand to %d", len(in), size)
			}
		}
	}
}

// sampleFile is a small file with one value of each type that is written.
func sampleFile() []byte {
	w := NewWriter(nil)
	w.Header(VersionMax)
	w.Aux("redis-ver", "7.0.15")
	w.Aux("redis-bits", "64")
	w.Function([]byte("#!lua name=x"))
	w.SelectDB(3)
	w.ResizeDB(20, 300)
	key := func(typ byte, name string, count int) {
		w.Key(&Record{Type: typ, Name: []byte(name), Expire: -1, Idle: -1, Freq: -1})
		if typ != TypeHashExpiry {
			w.Begin(typ, count)
		}
	}
	w.Key(&Record{Type: TypeString, Name: []byte("s"), Expire: 1 << 41, Idle: 100, Freq: -1})
	w.Begin(TypeString, 1)
	w.Blob([]byte(strings.Repeat("compress me ", 30)))
	w.Key(&Record{Type: TypeString, Name: []byte("n"), Expire: -1, Idle: -1, Freq: 200})
	w.Begin(TypeString, 1)
	w.Int(-70000)
	key(TypeList, "list", 2)
	w.Blob([]byte("one"))
	w.Int(2)
	key(TypeHash, "hash", 1)
	w.Pair([]byte("field"), []byte("value"))
	key(TypeZSet, "zset", 1)
	w.Scored([]byte("member"), 1.5)
	key(TypeSetIntset, "intset", 1)
	w.Blob([]byte{2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0})
	key(TypeSetListpack, "setpack", 1)
	w.Blob(listpack("a", 5, "b"))
	key(TypeHashListpack, "hashpack", 1)
	w.Blob(listpack("f", 1, "g", strings.Repeat("v", 70)))
	key(TypeZSetListpack, "zsetpack", 1)
	w.Blob(listpack("m", "-inf", "n", 7, "o", "7.5"))
	key(TypeListNodes, "nodes", 2)
	w.Node(listpack(1, -1, 4095, 70000, 1<<40), false)
	w.Node([]byte("plain"), true)
	key(TypeHashExpiry, "expiry", 2)
	w.BeginHashExpiry(2, 1<<40)
	w.PairExpiry([]byte("f"), []byte("v"), 1<<40)
	w.PairExpiry([]byte("g"), []byte("w"), 0)
	for typ, name := range map[byte]string{TypeStream3: "stream"} {
		key(typ, name, 1)
		for _, it := range sampleStream() {
			w.Item(&it)
		}
	}
	w.EOF()
	return w.Bytes()
}

func sampleStream() []Item {
	a, b := StreamID{1000, 1}, StreamID{1000, 3}
	node := listpack(2, 1, 1, "f", 0, 2, 0, 0, "v", 4, 3, 0, 1, "gone", 4, 0, 0, 2, 2, "f", "g", "v", "w", 8)
	return []Item{
		{Op: ItemStreamNode, ID: a, Key: node},
		{Op: ItemStreamMeta, Meta: StreamMeta{Length: 2, Last: b, First: a, MaxDeleted: StreamID{1000, 2}, Added: 3}, Count: 2},
		{Op: ItemGroup, Key: []byte("g"), ID: b, Read: 3, Count: 2},
		{Op: ItemPending, ID: a, Time: 1 << 40, Deliveries: 1},
		{Op: ItemPending, ID: b, Time: 1 << 41, Deliveries: 70000},
		{Op: ItemConsumers, Count: 2},
		{Op: ItemConsumer, Key: []byte("c"), Time: 1 << 40, Active: 1 << 41, Count: 2},
		{Op: ItemOwned, ID: a},
		{Op: ItemOwned, ID: b},
		{Op: ItemConsumer, Key: []byte("d"), Time: 5, Active: -1},
		{Op: ItemGroup, Key: []byte("h"), Read: -1},
		{Op: ItemConsumers},
	}
}

func TestSampleFile(t *testing.T) {
	in := sampleFile()
	for name, src := range map[string]io.Reader{"whole": bytes.NewReader(in), "byte by byte": iotest.OneByteReader(bytes.NewReader(in))} {
		w := NewWriter(nil)
		if err := copyFile(NewReader(src, Options{Deep: true}), w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if i := firstDifference(in, w.Bytes()); i >= 0 {
			t.Fatalf("%s: copy differs at %d", name, i)
		}
	}
	w, out := NewWriter(nil), new(bytes.Buffer)
	r := NewReader(bytes.NewReader(in), Options{})
	w.Header(VersionMax)
	for { // emptied after each record, in both ways
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		copyRecord(t, r, w, rec)
		if out.Len()%2 == 0 {
			if err := w.Flush(out); err != nil {
				t.Fatal(err)
			}
		} else {
			out.Write(w.Swap(make([]byte, 0, 10)))
		}
		if rec.Op == RecordEOF {
			break
		}
	}
	if !bytes.Equal(out.Bytes(), in) {
		t.Fatal("copy in pieces differs")
	}
}

func copyRecord(t *testing.T, r *Reader, w *Writer, rec *Record) {
	switch rec.Op {
	case RecordAux:
		w.Aux(string(rec.Name), string(rec.Data))
	case RecordSelectDB:
		w.SelectDB(int(rec.DB))
	case RecordResizeDB:
		w.ResizeDB(int(rec.Keys), int(rec.Expires))
	case RecordFunction:
		w.Function(rec.Data)
	case RecordKey:
		w.Key(rec)
		if err := copyValue(r, w, rec.Type); err != nil {
			t.Fatal(err)
		}
	case RecordEOF:
		w.EOF()
	}
}

func TestCutAnywhere(t *testing.T) {
	in := sampleFile()
	for n := range in {
		for _, opt := range []Options{{}, {Size: int64(n)}, {Size: int64(len(in))}} {
			err := copyFile(NewReader(bytes.NewReader(in[:n]), opt), NewWriter(nil))
			var c *CorruptError
			if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &c) || c.Offset > int64(n) {
				t.Fatalf("cut to %d of %d bytes: %v", n, len(in), err)
			}
		}
	}
}

func TestFlipAnyByte(t *testing.T) {
	in := sampleFile()
	for i := range in {
		if i >= 5 && i < 9 {
			continue // a version below 5 has no checksum
		}
		for _, x := range []byte{1, 0x80, 0xFF} {
			bad := bytes.Clone(in)
			bad[i] ^= x
			if err := readFile(NewReader(bytes.NewReader(bad), Options{})); err == nil {
				t.Fatalf("byte %d changed by %#x goes unnoticed", i, x)
			}
		}
	}
}

func readFile(r *Reader) error {
	for {
		rec, err := r.Next()
		if err != nil || rec.Op == RecordEOF {
			return err
		}
	}
}

func TestRestFollowsPreamble(t *testing.T) {
	tail := strings.Repeat("*1\r\n$4\r\nPING\r\n", 20_000)
	in := append(sampleFile(), tail...)
	r := NewReader(bytes.NewReader(in), Options{})
	if err := copyFile(r, NewWriter(nil)); err != nil {
		t.Fatal(err)
	}
	if want := int64(len(in) - len(tail)); r.Offset() != want {
		t.Fatalf("Offset() = %d, want %d", r.Offset(), want)
	}
	rest, err := io.ReadAll(r.Rest())
	if err != nil || string(rest) != tail {
		t.Fatalf("%d bytes follow, want %d: %v", len(rest), len(tail), err)
	}
}

func TestRefused(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		r := NewReader(strings.NewReader(text), Options{})
		var err error
		for err == nil {
			var rec *Record
			if rec, err = r.Next(); err == nil && rec.Op == RecordEOF {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("", "unexpected EOF")
	f("RADIS0010\xff", "not an RDB file")
	f("REDIS0099\xff", "not supported")
	f("REDIS0000\xff", "not supported")
	f("REDIS00x0\xff", "not supported")
	f("REDIS0010\xf7", "module")
	f("REDIS0010\x07\x01k", "module")
	f("REDIS0010\x06\x01k", "module")
	f("REDIS0010\xf6", "pre-release")
	f("REDIS0010\xc8", "unknown type or opcode 200")
	f("REDIS0010\xff12345678", "wrong checksum")
	f("REDIS0010\x00\x01k\xc9", "unknown string encoding 9")
	f("REDIS0010\x02\x01k\xc0", "in place of a length")
	f("REDIS0010\x02\x01k\x82", "unknown length encoding")
	f("REDIS0010\x05\x01k\x01\x01m\x00\x00\x00\x00\x00\x00\xf8\x7f", "not a number")
	f("REDIS0010\x03\x01k\x01\x01m\xfd", "not a number")
	f("REDIS0010\x03\x01k\x01\x01m\x031x2", "bad score")
	f("REDIS0010\x12\x01k\x01\x03\x01x", "unknown container")
	f("REDIS0010\x00\x01k\xc3\x02\x80\x1f\xff\xff\xff\x20\x00", "compressed string of")
	f("REDIS0010\x00\x01k\xc3\x02\x04\x20\x00", "bad compressed string")
}

func TestChecksumMayBeOff(t *testing.T) {
	w := NewWriter(nil)
	w.NoChecksum = true
	w.Header(Version)
	w.EOF()
	if !bytes.HasSuffix(w.Bytes(), make([]byte, 8)) {
		t.Fatal("a checksum was written")
	}
	if err := copyFile(NewReader(bytes.NewReader(w.Bytes()), Options{}), NewWriter(nil)); err != nil {
		t.Fatal(err)
	}
	bad := append([]byte("REDIS0010\xff"), "12345678"...)
	if err := copyFile(NewReader(bytes.NewReader(bad), Options{NoChecksum: true}), NewWriter(nil)); err != nil {
		t.Fatal(err)
	}
}

func TestPayloadFooter(t *testing.T) {
	p := AppendFooter([]byte("\x00\x03abc"), Version)
	body, err := CheckPayload(p, Version)
	if err != nil || string(body) != "\x00\x03abc" {
		t.Fatalf("%q, %v", body, err)
	}
	if _, err := CheckPayload(p, Version-1); err == nil {
		t.Fatal("newer version accepted")
	}
	for i := range p {
		bad := bytes.Clone(p)
		bad[i] ^= 4
		if _, err := CheckPayload(bad, 1<<16-1); err == nil {
			t.Fatalf("change at %d accepted", i)
		}
		if _, err := CheckPayload(p[:i], Version); err == nil {
			t.Fatalf("payload of %d bytes accepted", i)
		}
	}
}

// TestClaimsCostNothing reads values that claim to be huge.
func TestClaimsCostNothing(t *testing.T) {
	claims := []string{
		"\x00\x80\x1f\xff\xff\xff" + "short", // string of 512 MB
		"\x00\xc3\x80\x10\x00\x00\x00\x80\x1f\xff\xff\xff" + "short",
		"\x01\x81\x7f\xff\xff\xff\xff\xff\xff\xff\x01a",
		"\x0f\x80\xff\xff\xff\xff",
		"\x13\x00\x00\x00\x00\x00\x00\x00\x00\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x0d\x0b\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff",
	}
	for _, c := range claims {
		for _, file := range []bool{false, true} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := NewPayloadReader([]byte(c), Options{})
			if file {
				r = NewReader(strings.NewReader(c), Options{})
			}
			_, err := r.Begin()
			if err == nil {
				err = r.Skip()
			}
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%q was read", c)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<18 {
				t.Errorf("%q: %d bytes allocated", c, n)
			}
		}
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	in := sampleFile()
	w := NewWriter(nil)
	w.Type(TypeHash)
	w.Begin(TypeHash, 1000)
	for i := range 1000 {
		w.Pair(fmt.Appendf(nil, "field:%d", i), in[:50+i%200])
	}
	p := bytes.Clone(w.Bytes())
	r := NewPayloadReader(p, Options{})
	n := testing.AllocsPerRun(50, func() {
		r.Reset(p)
		w.Reset(w.Bytes()[:0])
		typ, err := r.Begin()
		w.Type(typ)
		if err == nil {
			err = copyValue(r, w, typ)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations for 1000 fields", n)
	}
	if !bytes.Equal(w.Bytes(), p) {
		t.Fatal("copy differs")
	}
}

func TestPiecesAndLimits(t *testing.T) {
	text := []byte(strings.Repeat("long ", 10_000))
	long := func(write func(w *Writer)) int {
		t.Helper()
		w := NewWriter([]byte{TypeString})
		write(w)
		got, err := elements(w.Bytes())
		if err != nil || len(got) != 1 || got[0] != string(text) {
			t.Fatalf("%d strings come back: %v", len(got), err)
		}
		return w.Len()
	}
	pieces := long(func(w *Writer) {
		w.BeginPieces(len(text))
		for i := 0; i < len(text); i += 1000 {
			w.Piece(text[i : i+1000])
		}
	})
	limited := long(func(w *Writer) { w.LimitCompression(len(text) - 1); w.Blob(text) })
	spent := long(func(w *Writer) {
		w.LimitCompression(len(text))
		w.Part().Blob(text)
		w.Blob(text)
	})
	packed := long(func(w *Writer) { w.LimitCompression(len(text)); w.Blob(text) })
	if pieces != limited || pieces != spent || packed > len(text)/10 {
		t.Fatalf("%d bytes in pieces, %d beyond the limit, %d once it is spent, %d compressed", pieces, limited, spent, packed)
	}
}

func BenchmarkCRC64(b *testing.B) {
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		CRC64(0, p)
	}
}

func BenchmarkLZF(b *testing.B) {
	in := randomBytes(rand.New(rand.NewSource(5)), 100)
	z, out := new(lzf), make([]byte, 0, 200)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		z.compress(out, in, len(in)-lzfGain)
	}
}

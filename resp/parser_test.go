package resp

import (
	"bytes"
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// parsed is what a stream comes to: its commands, quoted, and how it ended.
type parsed struct {
	commands []string
	err      string
	left     int
}

// drain appends the commands that are complete to got, and compares them with what Ahead says.
func drain(p *Parser, got *parsed) {
	var room [5][]byte
	var ahead [][]byte
	for {
		if len(ahead) == 0 {
			ahead = ahead[:0]
			for _, key := range room[:p.Ahead(room[:])] {
				ahead = append(ahead, bytes.Clone(key))
			}
		}
		args, ok, err := p.Next()
		if ok && len(ahead) > 0 && len(args) > 1 && len(args[1]) <= aheadKeyMax {
			if !bytes.Equal(ahead[0], args[1]) {
				panic(fmt.Sprintf("Ahead says %q of %q", ahead[0], args))
			}
			ahead = ahead[1:]
		}
		if err != nil {
			got.err = err.Error()
		}
		if !ok {
			return
		}
		got.commands = append(got.commands, fmt.Sprintf("%q %d", args, p.CommandBytes()))
	}
}

// parseSplit feeds the pieces of a stream, one event each.
func parseSplit(limits Limits, pieces ...[]byte) parsed {
	p := Parser{Limits: limits}
	var got parsed
	for _, in := range pieces {
		p.Feed(in)
		drain(&p, &got)
		p.Save()
	}
	got.left = p.Buffered()
	return got
}

func (a parsed) equal(b parsed) bool {
	return a.err == b.err && (a.err != "" || a.left == b.left) && slices.Equal(a.commands, b.commands)
}

var authenticated = Limits{Authenticated: true}

// streams are requests of every shape, the last one cut off or wrong in some.
var streams = []string{
	"",
	"*1\r\n$4\r\nPING\r\n",
	"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
	"PING\r\n\r\n\nSET k \"a\\x00\\n b\" 'it\\'s'\nGET k\r\n",
	"*0\r\n*-1\r\n*-20\r\nPING\r\n*1\r\n$0\r\n\r\n",
	"*2\r\n$3\r\nGET\r\n$100\r\n" + strings.Repeat("x", 100) + "\r\n*1\r\n$4\r\nPING\r\n",
	"*2\rx$3\rxGETxx$1\rxkxx*1\r\n$4\r\nPING\r\n", // Redis looks at \r only
	"*12\r\n" + strings.Repeat("$1\r\na\r\n", 12) + "PING\r\n",
	"*101\r\n" + strings.Repeat("$1\r\na\r\n", 101) + "PING\r\n",
	"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhel",
	"*1\r\n$04\r\nPING\r\n",
	"*01\r\n$4\r\nPING\r\n",
	"*1\r\n$4\r\nPING\r\n*\r\n",
	"*1\r\n$4\r\nPING\r\n*x\r\n",
	"*1\r\n$-1\r\n",
	"*1\r\n:4\r\n",
	"*1\r\n\r\n",
	"*1\r\n\xff\r\n",
	"PING\r\nSET 'a\r\nPING\r\n",
	"SET \"a\"b\r\n",
	"GET a\x00b\r\nPING\r\n",
	"*1\x00\r\n$4\r\nPING\r\n",
	"*1\r\n\x00$4\r\nPING\r\n",
	"*2147483648\r\n",
	"*2147483647\r\n$1\r\na\r\n",
	"*1\r\n$536870913\r\n",
	"*1\r\n$536870912\r\nab",
	"$4\r\nPING\r\n",
	" \t \r\n\v\f\r\nPING\t1\r\n",
	"PING\rPING\r\n",
}

func TestAnySplitGivesTheSameCommands(t *testing.T) {
	for _, s := range streams {
		for _, limits := range []Limits{{}, authenticated} {
			in := []byte(s)
			want := parseSplit(limits, in)
			step := 1 + len(in)/200 // the long streams repeat themselves
			for i := range in {
				for j := i; j <= len(in); j += step {
					if got := parseSplit(limits, in[:i], in[i:j], in[j:]); !got.equal(want) {
						t.Fatalf("%q split at %d, %d:\n got %+v\nwant %+v", s, i, j, got, want)
					}
				}
			}
			var bytewise [][]byte
			for i := range in {
				bytewise = append(bytewise, in[i:i+1])
			}
			if got := parseSplit(limits, bytewise...); !got.equal(want) {
				t.Fatalf("%q byte by byte:\n got %+v\nwant %+v", s, got, want)
			}
		}
	}
}

// randomStream returns n random well-formed commands and what they are.
func randomStream(rng *rand.Rand, n int) (stream []byte, commands []string) {
	for range n {
		args := make([][]byte, 1+rng.Intn(5)*rng.Intn(5)*rng.Intn(5))
		for i := range args {
			args[i] = make([]byte, rng.Intn(4)*rng.Intn(8)*rng.Intn(200)*rng.Intn(2)+rng.Intn(12))
			rng.Read(args[i])
		}
		was := len(stream)
		stream = AppendCommand(stream, args...)
		commands = append(commands, fmt.Sprintf("%q %d", args, len(stream)-was))
	}
	return stream, commands
}

// TestRandomEvents cuts streams at random and asks for only some of the commands
// in an event, as a loop under back-pressure does.
func TestRandomEvents(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	for round := range 100 {
		stream, want := randomStream(rng, 1+rng.Intn(60))
		p := Parser{Limits: authenticated}
		var got []string
		read := make([]byte, 0, 1<<16)
		fed, consumed := 0, 0
		for idle := 0; idle < 2; {
			n := min(rng.Intn(1+rng.Intn(4000)), len(stream)-fed)
			read = append(read[:0], stream[fed:fed+n]...)
			p.Feed(read)
			fed += n
			for range rng.Intn(30) {
				args, ok, err := p.Next()
				if err != nil {
					t.Fatalf("seed %d round %d: %v", seed, round, err)
				}
				if !ok {
					break
				}
				got = append(got, fmt.Sprintf("%q %d", args, p.CommandBytes()))
				consumed += p.CommandBytes()
			}
			if rng.Intn(4) > 0 || n > 0 {
				p.Save()
				scribbleAlways(read) // the borrow is over
			}
			if p.Buffered() != fed-consumed {
				t.Fatalf("seed %d round %d: %d bytes buffered, want %d", seed, round, p.Buffered(), fed-consumed)
			}
			if fed == len(stream) && p.Buffered() == 0 {
				idle++
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d round %d: commands differ", seed, round)
		}
		if p.Save(); p.f != nil {
			t.Fatalf("seed %d round %d: an idle parser holds a frame", seed, round)
		}
	}
}

func scribbleAlways(b []byte) {
	for i := range b {
		b[i] = 0xEE
	}
}

// TestShortPathAgrees compares the fast path with the general one on streams and
// on mutations of them.
func TestShortPathAgrees(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	taken := 0
	check := func(in []byte, limits Limits) {
		t.Helper()
		fast := &frame{}
		fast.feed(in)
		if !fast.parseShort(&limits) {
			if fast.at != 0 || len(fast.args) != 0 {
				t.Fatalf("seed %d: %q: refused, but state changed", seed, in)
			}
			return
		}
		taken++
		slow := &frame{}
		slow.feed(in)
		if st := slow.parse(&limits); st != complete {
			t.Fatalf("seed %d: %q: fast path accepts, general path says %d", seed, in, st)
		}
		if fast.start != slow.start || fast.size != slow.size || fmt.Sprintf("%q", fast.args) != fmt.Sprintf("%q", slow.args) {
			t.Fatalf("seed %d: %q: %q, general path %q", seed, in, fast.args, slow.args)
		}
	}
	alphabet := []byte("*$\r\n0123459a\x00-")
	for range 8000 {
		in, _ := randomStream(rng, 1)
		in = in[:min(len(in), 2000)]
		check(in, authenticated)
		for range rng.Intn(3) {
			in[rng.Intn(min(len(in), 40))] = alphabet[rng.Intn(len(alphabet))]
		}
		check(in, authenticated)
		check(in[:rng.Intn(len(in)+1)], Limits{})
	}
	if taken < 3000 {
		t.Fatalf("the fast path was taken %d times only", taken)
	}
}

func TestParserDoesNotAllocate(t *testing.T) {
	if Invariants {
		t.Skip("invariants copy the input")
	}
	in := []byte("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$120\r\n" + strings.Repeat("v", 120) +
		"\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
	f := func(name string, cut int) {
		t.Helper()
		var p Parser
		n := testing.AllocsPerRun(1000, func() {
			for _, part := range [][]byte{in[:cut], in[cut:]} {
				p.Feed(part)
				for {
					if _, ok, _ := p.Next(); !ok {
						break
					}
				}
				p.Save()
			}
		})
		if n != 0 || p.f != nil {
			t.Errorf("%s: %v allocations, frame %v", name, n, p.f)
		}
	}
	f("whole", len(in))
	f("cut in a bulk", 80)
	f("cut in a length line", 22)
}

// TestLargeBulkIsCopiedOnce: memory is not given on a claim alone, and a bulk is
// not moved again once its length is believed.
func TestLargeBulkIsCopiedOnce(t *testing.T) {
	const size = 64 << 20
	p := Parser{Limits: authenticated}
	p.Feed([]byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + fmt.Sprint(size) + "\r\n"))
	p.Next()
	p.Save()
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	moves, last := 0, 0
	for range size / len(chunk) {
		p.Feed(chunk)
		if _, ok, _ := p.Next(); ok {
			t.Fatal("complete too early")
		}
		p.Save()
		c, held := cap(p.f.data), p.Buffered()
		if held < trustBytes && c > 2*held+4096 {
			t.Fatalf("%d bytes reserved for %d", c, held)
		}
		if c != last {
			moves++
			last = c
		}
	}
	p.Feed([]byte("\r\nPING\r\n"))
	args, ok, _ := p.Next()
	if !ok || len(args) != 3 || len(args[2]) != size {
		t.Fatal("the bulk did not arrive")
	}
	if moves > 12 || last > size+1024 {
		t.Fatalf("%d moves, %d bytes", moves, last)
	}
	if args, ok, _ := p.Next(); !ok || string(args[0]) != "PING" {
		t.Fatal("no PING behind the bulk")
	}
	if p.f.owned || cap(p.f.mem) > keepBytes {
		t.Fatal("the large buffer was kept")
	}
}

func TestClaimedCountsReserveNothing(t *testing.T) {
	if Invariants {
		t.Skip("counts allocations")
	}
	in := []byte("*2147483647\r\n$500000000\r\n")
	const runs = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		p := Parser{Limits: authenticated}
		p.Feed(in)
		p.Next()
		p.Save()
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 4096 {
		t.Fatalf("a claim costs %d bytes", n)
	}
}

// TestByteByByteIsLinear feeds megabytes a byte at a time. Rescanning would make that some 10^13 steps, hours
// where a moment is enough, so that a generous deadline tells the two apart on any machine.
func TestAhead(t *testing.T) {
	f := func(stream string, want ...string) {
		t.Helper()
		var keys [3][]byte
		p := Parser{Limits: authenticated}
		p.Feed([]byte(stream))
		if got := fmt.Sprintf("%q", keys[:p.Ahead(keys[:])]); got != fmt.Sprintf("%q", want) {
			t.Errorf("%q: %s", stream, got)
		}
	}
	get := func(key string) string { return fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(key), key) }
	long := strings.Repeat("x", aheadKeyMax+1)
	f("")
	f(get("a"), "a")
	f(get("a")+"*1\r\n$4\r\nPING\r\n"+get(long[1:])+get("b"), "a", long[1:]) // so many commands, so many keys
	f(get(long)+get("b"), "b")
	f(get("a")+get("b")[:12], "a")
	f(get("a")+"GET inline\r\n"+get("b"), "a")
	f(get("a")+"*0\r\n"+get("b"), "a")
}

func TestByteByByteIsLinear(t *testing.T) {
	const n = 4 << 20
	stream := []byte("*2\r\n$1\r\na\r\n$" + fmt.Sprint(n) + "\r\n" + strings.Repeat("\r", n) + "\r\n" +
		strings.Repeat("x", 60000) + "\n")
	p := Parser{Limits: authenticated}
	deadline, commands := time.Now().Add(2*time.Minute), 0
	for i := range stream {
		p.Feed(stream[i : i+1])
		if _, ok, err := p.Next(); ok {
			commands++
		} else if err != nil {
			t.Fatal(err)
		}
		p.Save()
		if i%(64<<10) == 0 && time.Now().After(deadline) {
			t.Fatalf("at byte %d of %d when the time was up", i, len(stream))
		}
	}
	if commands != 2 {
		t.Fatalf("%d commands", commands)
	}
}

func TestFailedStaysFailed(t *testing.T) {
	var p Parser
	p.Feed([]byte("*x\r\nPING\r\n"))
	for range 2 {
		if _, ok, err := p.Next(); ok || err != error(errCount) {
			t.Fatal(ok, err)
		}
	}
	p.Save()
	p.Feed([]byte("PING\r\n"))
	if _, ok, err := p.Next(); ok || err == nil {
		t.Fatal("recovered")
	}
	p.Release()
	p.Feed([]byte("PING\r\n"))
	if _, ok, err := p.Next(); !ok || err != nil {
		t.Fatal("Release does not start anew")
	}
}

// TestKeptAliasesShow: with invariants, a command's bytes do not outlive it, and
// the lent input is never written to.
func TestKeptAliasesShow(t *testing.T) {
	if !Invariants {
		t.Skip("needs -tags invariants")
	}
	in := []byte("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nSET 'a b' 1\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
	was := bytes.Clone(in)
	for cut := range in {
		var p Parser
		var kept [][]byte
		for _, part := range [][]byte{in[:cut], in[cut:]} {
			p.Feed(part)
			for {
				args, ok, _ := p.Next()
				for _, k := range kept {
					if bytes.Count(k, []byte{0xDB}) != len(k) {
						t.Fatalf("cut at %d: %q survived", cut, k)
					}
				}
				if !ok {
					break
				}
				kept = append([][]byte(nil), args...)
			}
			p.Save()
			kept = nil
		}
	}
	if !bytes.Equal(in, was) {
		t.Fatal("the lent input was overwritten")
	}
}

func FuzzParser(f *testing.F) {
	for _, s := range streams {
		f.Add([]byte(s), uint16(3), uint16(11), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, i, j uint16, auth bool) {
		limits := Limits{MaxInline: 64, MaxBulk: 1 << 20, Authenticated: auth}
		a := int(i) % (len(in) + 1)
		b := a + int(j)%(len(in)-a+1)
		want := parseSplit(limits, in)
		if got := parseSplit(limits, in[:a], in[a:b], in[b:]); !got.equal(want) {
			t.Fatalf("split at %d, %d:\n got %+v\nwant %+v", a, b, got, want)
		}
	})
}

func benchmarkParser(b *testing.B, request string) {
	const batch = 128
	in := []byte(strings.Repeat(request, batch))
	p := Parser{Limits: authenticated}
	b.ReportAllocs()
	for i := 0; i < b.N; i += batch {
		p.Feed(in)
		for {
			if _, ok, _ := p.Next(); !ok {
				break
			}
		}
		p.Save()
	}
}

func BenchmarkGet(b *testing.B) { benchmarkParser(b, "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n") }
func BenchmarkSet(b *testing.B) {
	benchmarkParser(b, "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$16\r\nxxxxxxxxxxxxxxxx\r\n")
}
func BenchmarkSet1K(b *testing.B) {
	benchmarkParser(b, "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$1024\r\n"+strings.Repeat("x", 1024)+"\r\n")
}
func BenchmarkInline(b *testing.B) { benchmarkParser(b, "PING\r\n") }

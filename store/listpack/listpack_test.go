package listpack

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// edges are elements on both sides of every limit of the format.
func edges() []string {
	all := []string{"", "0", "-0", "00", "01", "-", "+1", "1 ", " 1", "-01", "1a", "a1", "9223372036854775808",
		"-9223372036854775809", "9999999999999999999", "18446744073709551616", "99999999999999999999", "-9999999999999999999"}
	for _, k := range []uint{6, 7, 12, 13, 15, 16, 23, 24, 31, 32, 62, 63} {
		for d := int64(-2); d <= 2; d++ {
			n := int64(uint64(1)<<k) + d
			all = append(all, strconv.FormatInt(n, 10), strconv.FormatInt(-n, 10))
		}
	}
	for _, limit := range []int{7, 8, 9, 63, 127, 4095, 16383 - 5} {
		for d := -5; d <= 5; d++ {
			all = append(all, strings.Repeat("x", limit+d))
		}
	}
	return all
}

func check(t *testing.T, lp []byte, want []string) {
	t.Helper()
	if !Validate(lp, true) || !Canonical(lp) || Bytes(lp) != len(lp) || Len(lp) != len(want) {
		t.Fatalf("bad listpack: valid %v canonical %v bytes %d of %d, len %d want %d",
			Validate(lp, true), Canonical(lp), Bytes(lp), len(lp), Len(lp), len(want))
	}
	i, last := 0, None
	for off := First(lp); off != None; off = Next(lp, off) {
		if got := string(AppendTo(nil, lp, off)); got != want[i] {
			t.Fatalf("element %d: %.40q, want %.40q", i, got, want[i])
		}
		if Prev(lp, off) != last {
			t.Fatalf("element %d: Prev %d, want %d", i, Prev(lp, off), last)
		}
		if !Equal(lp, off, []byte(want[i])) || Compare(lp, off, []byte(want[i])) != 0 || StringLen(lp, off) != len(want[i]) {
			t.Fatalf("element %d: not equal to itself, %.40q", i, want[i])
		}
		if ElementSize(lp, off) != EncodedSize([]byte(want[i])) {
			t.Fatalf("element %d: EncodedSize %d, is %d", i, EncodedSize([]byte(want[i])), ElementSize(lp, off))
		}
		last = off
		i++
	}
	if i != len(want) || Last(lp) != last {
		t.Fatalf("walked %d, want %d; Last %d, want %d", i, len(want), Last(lp), last)
	}
}

func TestEdges(t *testing.T) {
	lp := New(nil)
	var want []string
	for _, s := range edges() {
		lp = Append(lp, []byte(s))
		want = append(want, s)
		n, err := strconv.ParseInt(s, 10, 64)
		isInt := err == nil && strconv.FormatInt(n, 10) == s
		if got, ok := Int(lp, Last(lp)); ok != isInt || ok && (got != n || !EqualInt(lp, Last(lp), n)) {
			t.Errorf("%.40q: Int %d %v, want %d %v", s, got, ok, n, isInt)
		}
		if isInt && !bytes.Equal(AppendInt(New(nil), n), Append(New(nil), []byte(s))) {
			t.Errorf("AppendInt(%d) differs from Append", n)
		}
		if isInt && EncodedIntSize(n) != EncodedSize([]byte(s)) {
			t.Errorf("EncodedIntSize(%d) = %d", n, EncodedIntSize(n))
		}
	}
	check(t, lp, want)
	for i, s := range want {
		if off := Find(lp, First(lp), []byte(s), 0); off != Seek(lp, slices.Index(want, s)) {
			t.Errorf("Find(%.40q) = %d, is element %d at %d", s, off, i, Seek(lp, i))
		}
	}
}

func TestDecimalLen(t *testing.T) {
	n := int64(1)
	for range 19 {
		for d := int64(-1); d <= 1; d++ {
			for _, v := range []int64{n + d, -n + d} {
				if got := decimalLen(v); got != len(strconv.FormatInt(v, 10)) {
					t.Errorf("decimalLen(%d) = %d", v, got)
				}
			}
		}
		n *= 10
	}
	for _, v := range []int64{math.MinInt64, math.MaxInt64} {
		if got := decimalLen(v); got != len(strconv.FormatInt(v, 10)) {
			t.Errorf("decimalLen(%d) = %d", v, got)
		}
	}
}

// machine drives a listpack and the naive model with the same operations.
type machine struct {
	t     *testing.T
	rng   *rand.Rand
	edges []string
	lp    []byte
	model []string
}

func (m *machine) element() string {
	switch m.rng.IntN(4) {
	case 0:
		return m.edges[m.rng.IntN(len(m.edges))]
	case 1:
		return strconv.FormatInt(int64(m.rng.Uint64())>>m.rng.IntN(64), 10)
	}
	return "element:" + strconv.Itoa(m.rng.IntN(30))
}

func (m *machine) step() {
	b := m.element()
	i := m.rng.IntN(len(m.model) + 1)
	at := len(m.lp) - 1
	if i < len(m.model) {
		at = Seek(m.lp, i)
	}
	var size int // that the helpers promised, 0 for none
	switch op := m.rng.IntN(13); {
	case op == 0:
		size = len(m.lp) + EncodedSize([]byte(b))
		m.lp, m.model = Append(m.lp, []byte(b)), append(m.model, b)
	case op == 1:
		m.lp, m.model = Prepend(m.lp, []byte(b)), slices.Insert(m.model, 0, b)
	case op == 2:
		m.lp, m.model = InsertBefore(m.lp, at, []byte(b)), slices.Insert(m.model, i, b)
	case op == 3:
		elems := [][]byte{[]byte(b), []byte(m.element()), []byte(m.element())}
		size = len(m.lp) + EncodedSizes(elems)
		m.lp = AppendAll(m.lp, elems)
		m.model = append(m.model, b, string(elems[1]), string(elems[2]))
	case op == 4:
		m.split(i)
	case i == len(m.model): // the others need an element
	case op == 5:
		m.lp, m.model = InsertAfter(m.lp, at, []byte(b)), slices.Insert(m.model, i+1, b)
	case op < 8:
		size = SizeAfterReplace(m.lp, at, []byte(b))
		if same := size == len(m.lp); op == 7 && Overwrite(m.lp, at, []byte(b)) != same {
			m.t.Fatalf("Overwrite with %q: the space is the same: %v", b, same)
		} else if op < 7 || !same {
			m.lp = Replace(m.lp, at, []byte(b))
		}
		m.model[i] = b
	case op == 8:
		n := int64(m.rng.Uint64()) >> m.rng.IntN(64)
		size = SizeAfterReplaceInt(m.lp, at, n)
		m.lp, m.model[i] = ReplaceInt(m.lp, at, n), strconv.FormatInt(n, 10)
	case op < 11:
		m.delete(i, at)
	default:
		m.find(i, b)
	}
	if size != 0 && size != len(m.lp) {
		m.t.Fatalf("promised %d bytes, took %d", size, len(m.lp))
	}
}

func (m *machine) delete(i, at int) {
	n := 1 + m.rng.IntN(4)
	to := min(i+n, len(m.model))
	atEnd := to == len(m.model)
	m.model = slices.Delete(m.model, i, to)
	if m.rng.IntN(2) == 0 {
		m.lp = DeleteRange(m.lp, i-(len(m.model)+to-i)*m.rng.IntN(2), n)
		return
	}
	var next int
	if m.lp, next = Delete(m.lp, at, n); (next == None) != atEnd || !atEnd && next != at {
		m.t.Fatalf("Delete at %d returned %d", at, next)
	}
}

func (m *machine) find(i int, b string) {
	if m.rng.IntN(2) == 0 {
		b = m.model[m.rng.IntN(len(m.model))]
	}
	skip := m.rng.IntN(3)
	want := None
	for j := i; j < len(m.model); j += skip + 1 {
		if m.model[j] == b {
			want = Seek(m.lp, j)
			break
		}
	}
	if got := Find(m.lp, Seek(m.lp, i), []byte(b), skip); got != want {
		m.t.Fatalf("Find(%.40q, from %d, skip %d) = %d, want %d", b, i, skip, got, want)
	}
	off := Seek(m.lp, i)
	n := MakeNeedle([]byte(b))
	if same := m.model[i] == b; Equal(m.lp, off, []byte(b)) != same || n.At(m.lp, off) != same {
		m.t.Fatalf("Equal(%.40q, %.40q) is not %v", m.model[i], b, same)
	}
	if c := strings.Compare(m.model[i], b); Compare(m.lp, off, []byte(b)) != c {
		m.t.Fatalf("Compare(%.40q, %.40q) is not %d", m.model[i], b, c)
	}
}

// split cuts and joins again, from either side, and puts a recoded copy in place.
func (m *machine) split(i int) {
	headSize, tailSize := SizeAfterSplit(m.lp, i)
	head, tail := Split(m.lp, i, nil)
	if len(head) != headSize || len(tail) != tailSize {
		m.t.Fatalf("Split made %d and %d bytes, promised %d and %d", len(head), len(tail), headSize, tailSize)
	}
	check(m.t, head, m.model[:i])
	check(m.t, tail, m.model[i:])
	switch m.rng.IntN(3) {
	case 0:
		m.lp = Concat(head, tail)
	case 1:
		m.lp = ConcatFront(tail, head)
	default:
		m.lp = Recode(nil, Concat(head, tail))
	}
}

func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := &machine{t: t, rng: rand.New(rand.NewPCG(seed, 1)), edges: edges()}
	for range 40 {
		m.lp, m.model = New(nil), nil
		for range 150 {
			m.step()
			check(t, m.lp, m.model)
			for range 3 {
				i := m.rng.IntN(2*len(m.model)+3) - len(m.model) - 1
				j := i
				if j < 0 {
					j += len(m.model)
				}
				got := Seek(m.lp, i)
				if in := j >= 0 && j < len(m.model); in != (got != None) || in && !Equal(m.lp, got, []byte(m.model[j])) {
					t.Fatalf("Seek(%d) of %d = %d", i, len(m.model), got)
				}
			}
		}
	}
}

// TestManyElements crosses the largest count that the header can state.
func TestManyElements(t *testing.T) {
	lp := New(nil)
	for i := range 65600 {
		lp = AppendInt(lp, int64(i&127))
		if i > 65530 && i < 65540 && Len(lp) != i+1 {
			t.Fatalf("Len %d after %d appends", Len(lp), i+1)
		}
	}
	f := func(n, wantLen int) {
		t.Helper()
		if lp = DeleteRange(lp, 0, n); Len(lp) != wantLen || !Validate(lp, true) {
			t.Fatalf("Len %d, want %d; valid %v", Len(lp), wantLen, Validate(lp, true))
		}
	}
	if i, _ := Int(lp, Seek(lp, -1)); i != 65599&127 {
		t.Errorf("last is %d", i)
	}
	if i, _ := Int(lp, Seek(lp, 65590)); i != 65590&127 {
		t.Errorf("65590 is %d", i)
	}
	if Seek(lp, 65600) != None || Seek(lp, -65601) != None {
		t.Error("Seek beyond the ends finds something")
	}
	f(1, 65599)
	f(64, 65535)
	f(1, 65534)
	head, tail := Split(lp, 65500, nil)
	if Len(head) != 65500 || Len(tail) != 34 || headerCount(head) != 65500 {
		t.Errorf("split into %d (header %d) and %d", Len(head), headerCount(head), Len(tail))
	}
	lp = Concat(head, tail)
	f(65533, 1)
	f(math.MaxInt, 0)
	if First(lp) != None || Last(lp) != None || len(lp) != EmptySize {
		t.Error("not empty")
	}
}

// TestLongBackLen uses elements whose back length takes one to four bytes, at the
// sizes where the next byte is needed.
func TestLongBackLen(t *testing.T) {
	var want []string
	lp := New(nil)
	for _, size := range []int{127, 16383, 2097151} {
		for d := -8; d <= 2; d++ {
			s := strings.Repeat("y", size+d)
			want = append(want, s)
			lp = Append(lp, []byte(s))
		}
	}
	check(t, lp, want)
}

func TestRandomPicks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	lp := New(nil)
	for i := range 20 {
		lp = AppendInt(lp, int64(i))
	}
	seen := map[int64]int{}
	for range 1000 {
		n, _ := Int(lp, Random(lp, rng, 2))
		seen[n]++
	}
	if len(seen) != 10 || seen[1] != 0 {
		t.Errorf("Random picked %v", seen)
	}
	for count := range 12 {
		picks := Sample(nil, lp, rng, 2, count)
		if len(picks) != min(count, 10) || !slices.IsSorted(picks) || len(slices.Compact(slices.Clone(picks))) != len(picks) {
			t.Errorf("Sample of %d: %v", count, picks)
		}
		for _, off := range picks {
			if n, _ := Int(lp, int(off)); n%2 != 0 {
				t.Errorf("Sample picked %d, a second of a pair", n)
			}
		}
	}
	if all := Offsets(nil, lp, 2); len(all) != 10 || int(all[3]) != Seek(lp, 6) {
		t.Errorf("Offsets %v", all)
	}
	if empty := New(nil); Random(empty, rng, 2) != None || len(Sample(nil, empty, rng, 1, 3)) != 0 || len(Offsets(nil, empty, 2)) != 0 {
		t.Error("picked from an empty listpack")
	}
}

func TestValidate(t *testing.T) {
	lp := AppendAll(New(nil), [][]byte{[]byte("abc"), []byte("1"), []byte("-70000"), bytes.Repeat([]byte("z"), 5000), bytes.Repeat([]byte("y"), 100)})
	if !Validate(lp, true) || !Validate(lp, false) {
		t.Fatal("a good one is refused")
	}
	for n := range lp {
		if Validate(lp[:n], false) {
			t.Fatalf("cut to %d bytes it passes", n)
		}
	}
	bad := func(what string, change func(b []byte) []byte) {
		t.Helper()
		if Validate(change(bytes.Clone(lp)), true) {
			t.Errorf("%s passes", what)
		}
	}
	bad("a wrong count", func(b []byte) []byte { b[4]++; return b })
	bad("a wrong total", func(b []byte) []byte { b[0]++; return b })
	bad("no end mark", func(b []byte) []byte { b[len(b)-1] = 0; return b })
	bad("an early end mark", func(b []byte) []byte { b[Seek(b, 1)] = end; return b })
	bad("an unused code", func(b []byte) []byte { b[Seek(b, 1)] = 0xF5; return b })
	bad("a wrong back length", func(b []byte) []byte { b[Seek(b, 1)-1]++; return b })
	bad("an element beyond the end", func(b []byte) []byte { b[Seek(b, 3)+4] = 0xFF; return b })
	bad("a 64-bit integer beyond the end", func(b []byte) []byte { b[Seek(b, 4)] = headInt64; return b })

	foreign := []byte{0, 0, 0, 0, 3, 0, headInt16, 5, 0, 3, 0x81, '7', 2, 0xE0, 1, 'a', 3, end}
	setBytes(foreign)
	if !Validate(foreign, true) || Canonical(foreign) {
		t.Fatal("elements in a larger form than needed: valid, not canonical")
	}
	check(t, Recode(nil, foreign), []string{"5", "7", "a"})
}

func TestOverLimitPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	if lp := New(nil); SafeToAdd(lp, SizeMax) || !SafeToAdd(lp, 1000) {
		t.Error("SafeToAdd")
	}
	resize(New(nil), HeaderSize, 0, SizeMax)
}

func TestAllocations(t *testing.T) {
	lp := New(make([]byte, 0, 4096))
	for i := range 64 {
		lp = Append(lp, fmt.Appendf(nil, "field:%d", i))
		lp = AppendInt(lp, int64(i)*1000)
	}
	elem, other := []byte("field:63"), []byte("field:99")
	f := func(what string, body func()) {
		t.Helper()
		if n := testing.AllocsPerRun(100, body); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
	f("Find", func() { Find(lp, First(lp), elem, 1) })
	f("Seek", func() { Seek(lp, 70); Seek(lp, -10) })
	f("iterating", func() {
		sum := 0
		for off := First(lp); off != None; off = Next(lp, off) {
			str, n, _ := Get(lp, off)
			sum += len(str) + int(n)
		}
	})
	f("Replace in place", func() { lp = Replace(lp, Seek(lp, 5), other); lp = Replace(lp, Seek(lp, 5), elem) })
	f("insert and delete in place", func() { lp = Prepend(lp, other); lp = DeleteRange(lp, 0, 1) })
	f("Compare", func() { Compare(lp, Seek(lp, 101), elem) })
	f("Validate", func() { Validate(lp, true); Canonical(lp) })
}

func FuzzValidate(f *testing.F) {
	lp := New(nil)
	for _, s := range edges()[:40] {
		lp = Append(lp, []byte(s))
	}
	f.Add(lp)
	f.Add(New(nil))
	f.Add(Append(New(nil), bytes.Repeat([]byte("x"), 5000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= EmptySize { // most inputs should get past the frame
			setBytes(b)
			b[len(b)-1] = end
		}
		if !Validate(b, true) {
			return
		}
		var all []string
		for off := First(b); off != None; off = Next(b, off) {
			all = append(all, string(AppendTo(nil, b, off)))
		}
		i := len(all)
		for off := Last(b); off != None; off = Prev(b, off) {
			if i--; string(AppendTo(nil, b, off)) != all[i] {
				t.Fatalf("element %d differs from the right", i)
			}
		}
		if i != 0 || Len(b) != len(all) {
			t.Fatalf("%d elements, Len %d, from the right %d fewer", len(all), Len(b), i)
		}
		check(t, Recode(nil, b), all)
		if Canonical(b) && headerCount(b) != countUnknown && !bytes.Equal(Recode(nil, b), b) {
			t.Fatal("canonical, but recoded bytes differ")
		}
		b = Append(DeleteRange(b, len(all)/2, 1), []byte("new"))
		Find(b, First(b), []byte("missing"), 1)
		if !Validate(b, true) {
			t.Fatal("invalid after a change")
		}
	})
}

func FuzzModel(f *testing.F) {
	all := edges()
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := &machine{t: t, rng: rand.New(rand.NewPCG(seed, 1)), edges: all, lp: New(nil)}
		for range 60 {
			m.step()
		}
		check(t, m.lp, m.model)
	})
}

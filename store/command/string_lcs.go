package command

import (
	"math"
	"math/bits"

	"spindle/resp"
	"spindle/store"
)

// LCS: the longest common subsequence of two strings, by the classic table of the lengths for all pairs of
// prefixes. Only two rows of lengths are kept. What the way back from the end needs to know of every pair is one
// bit, so that the table takes a 32nd of what the limit, which is Redis's, would allow.

var lcsCommands = []*Command{
	{Name: "lcs", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).keys(1, 1, 0).is(RO | Access)}, Group: "string",
		Since: "7.0.0", Categories: CatString, Complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
		Syntax:  "key1:key key2:key [LEN] [IDX] [MINMATCHLEN=len:integer] [WITHMATCHLEN]",
		Summary: "Find longest common substring", Run: lcsCommand},
}

type lcsOptions struct {
	length, index, matchLen bool
	minMatchLen             int64
}

func (c *Ctx) lcsOptions() (o lcsOptions, err error) {
	for a := c.Options(3); a.More(); {
		switch {
		case a.Token("IDX"):
			o.index = true
		case a.Token("LEN"):
			o.length = true
		case a.Token("WITHMATCHLEN"):
			o.matchLen = true
		case a.TokenWith("MINMATCHLEN", 1):
			if o.minMatchLen, err = a.Int(); err != nil {
				return o, err
			}
		default:
			return o, resp.ErrSyntax
		}
	}
	if o.index && o.length {
		return o, resp.ErrLCSLenIdx
	}
	return o, nil
}

func lcsCommand(c *Ctx) error {
	a, errA := c.Find(c.Args[1], store.String)
	b, errB := c.Find(c.Args[2], store.String)
	if errA != nil || errB != nil {
		return resp.ErrLCSStrings
	}
	o, err := c.lcsOptions()
	if err != nil {
		return err
	}
	var roomA, roomB digits
	t := lcsTable{a: stringBytes(&a, &roomA), b: stringBytes(&b, &roomB)}
	if len(t.a) >= math.MaxUint32-1 || len(t.b) >= math.MaxUint32-1 {
		return resp.ErrLCSTooLong
	}
	if cells := uint64(len(t.a)+1) * uint64(len(t.b)+1); cells > uint64(c.S.Config.ProtoMaxBulkLen)/4 {
		return resp.ErrLCSMemory
	}
	t.fill(!o.length)
	switch {
	case o.length:
		c.Out.Int(int64(t.length))
	case o.index:
		t.replyMatches(c.Out, &o)
	default:
		c.Out.Bulk(t.subsequence())
	}
	return nil
}

// lcsTable is the table for strings a and b: how long their subsequence is up to byte i of a and byte j of b. Along a row that
// grows by 0 or 1 from byte to byte, so a bit for each place is enough: 0 where it grows. A row follows from the one above for 64
// places at a time (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
type lcsTable struct {
	a, b   []byte
	length int
	words  int      // of a row
	rows   []uint64 // all of them, if the way back is wanted
}

// fill computes the length and, with path, the way back.
func (t *lcsTable) fill(path bool) {
	t.words = (len(t.b) + 63) / 64
	if path {
		t.rows = make([]uint64, 0, len(t.a)*t.words)
	}
	row := make([]uint64, t.words)
	for w := range row {
		row[w] = math.MaxUint64
	}
	var places [256][]uint64
	for _, x := range t.a {
		if places[x] == nil {
			places[x] = placesOf(x, t.b)
		}
		nextLCSRow(row, places[x])
		if path {
			t.rows = append(t.rows, row...)
		}
	}
	t.length = len(t.b)
	for j := range t.b {
		t.length -= int(row[j>>6] >> (j & 63) & 1)
	}
}

// placesOf returns a bit for each byte of b: whether it is x.
func placesOf(x byte, b []byte) []uint64 {
	set := make([]uint64, (len(b)+63)/64)
	for j, y := range b {
		if x == y {
			set[j>>6] |= 1 << (j & 63)
		}
	}
	return set
}

// nextLCSRow makes row the one below, for a byte that is at these places.
func nextLCSRow(row, places []uint64) {
	var carry uint64
	for w, p := range places {
		v := row[w]
		sum, c := bits.Add64(v, v&p, carry)
		row[w], carry = sum|v&^p, c
	}
}

// walk calls match for the places of each common byte, from the last to the first.
func (t *lcsTable) walk(match func(i, j int)) {
	for i, j := len(t.a)-1, len(t.b)-1; i >= 0 && j >= 0; {
		switch {
		case t.a[i] == t.b[j]:
			match(i, j)
			i--
			j--
		case t.rows[i*t.words+j>>6]>>(j&63)&1 == 0: // without this byte of b it is shorter
			i--
		default:
			j--
		}
	}
}

func (t *lcsTable) subsequence() []byte {
	s := make([]byte, t.length)
	at := t.length
	t.walk(func(i, j int) {
		at--
		s[at] = t.a[i]
	})
	return s
}

// replyMatches writes the runs of bytes that match in both strings, last one first.
func (t *lcsTable) replyMatches(w *resp.Writer, o *lcsOptions) {
	w.Map(2)
	w.BulkString("matches")
	list := w.ReserveArray()
	matches, n := 0, 0 // n: length of the run that begins at i, j
	var i, j int
	end := func() {
		if n > 0 && int64(n) >= o.minMatchLen {
			matches++
			replyMatch(w, i, j, n, o.matchLen)
		}
		n = 0
	}
	t.walk(func(pi, pj int) {
		if pi != i-1 || pj != j-1 {
			end()
		}
		i, j = pi, pj
		n++
	})
	end()
	w.SetLen(list, matches)
	w.BulkString("len")
	w.Int(int64(t.length))
}

func replyMatch(w *resp.Writer, i, j, n int, withLen bool) {
	if withLen {
		w.Array(3)
	} else {
		w.Array(2)
	}
	for _, from := range [...]int{i, j} {
		w.Array(2)
		w.Int(int64(from))
		w.Int(int64(from + n - 1))
	}
	if withLen {
		w.Int(int64(n))
	}
}

package command

import (
	"bytes"
	"strconv"

	"spindle/resp"
	"spindle/store/glob"
	"spindle/store/listpack"
)

// What SCAN, HSCAN, SSCAN and ZSCAN have in common.

// scanCursor parses a cursor as Redis does, with strtoul: blanks in front are refused, a sign is not, and a NUL
// ends it.
func scanCursor(b []byte) (uint64, error) {
	b, _, _ = bytes.Cut(b, []byte{0})
	digits, negative := b, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		digits, negative = b[1:], b[0] == '-'
		if len(digits) == 0 {
			return 0, resp.ErrInvalidCursor
		}
	}
	n := uint64(0)
	for _, ch := range digits {
		d := uint64(ch - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return 0, resp.ErrInvalidCursor
		}
		n = n*10 + d
	}
	if negative {
		n = -n
	}
	return n, nil
}

// scanOptions are the options of a SCAN command.
type scanOptions struct {
	pattern []byte // nil for all
	count   int    // at least 1
	typ     []byte // nil for all
}

// scanOptions parses the arguments from place i on. TYPE is an option of SCAN alone.
func (c *Ctx) scanOptions(i int, withType bool) (o scanOptions, err error) {
	o.count = 10
	for a := c.Options(i); a.More(); {
		switch {
		case a.TokenWith("COUNT", 1):
			n, err := a.Int()
			if err != nil {
				return o, err
			}
			if n < 1 {
				return o, resp.ErrSyntax
			}
			o.count = int(n)
		case a.TokenWith("MATCH", 1):
			o.pattern, _ = a.Next()
			if len(o.pattern) == 1 && o.pattern[0] == '*' {
				o.pattern = nil
			}
		case withType && a.TokenWith("TYPE", 1):
			o.typ, _ = a.Next()
		default:
			return o, resp.ErrSyntax
		}
	}
	return o, nil
}

// matches reports whether the scan is to return an element of that name.
func (o *scanOptions) matches(name []byte) bool {
	return o.pattern == nil || glob.Match(o.pattern, name, false)
}

// An elementScan is the reply of HSCAN and its kin: the next cursor, then the elements.
type elementScan struct {
	scanOptions
	out   *resp.Writer
	list  resp.Deferred
	at    int // of the reply in out
	items int
}

// beginScan parses the options and reserves the reply. The elements follow; end completes it.
func (c *Ctx) beginScan() (elementScan, error) {
	o, err := c.scanOptions(3, false)
	if err != nil {
		return elementScan{}, err
	}
	s := elementScan{scanOptions: o, out: c.Out, at: len(c.Out.Buf)}
	s.list = c.Out.ReserveArray()
	return s, nil
}

// packedPairs adds the pairs of a listpack.
func (s *elementScan) packedPairs(lp []byte) {
	var buf [20]byte
	for off := listpack.First(lp); off != listpack.None; {
		value := listpack.Next(lp, off)
		if s.matches(listpack.Element(lp, off, buf[:])) {
			replyElement(s.out, lp, off)
			replyElement(s.out, lp, value)
			s.items += 2
		}
		off = listpack.Next(lp, value)
	}
}

// end writes the cursor in front of the elements.
func (s *elementScan) end(cursor uint64) {
	s.out.SetLen(s.list, s.items)
	var room [64]byte
	head := resp.AppendArrayHeader(room[:0], 2)
	var digits [20]byte
	head = resp.AppendBulk(head, strconv.AppendUint(digits[:0], cursor, 10))
	body := len(s.out.Buf)
	s.out.Buf = append(s.out.Buf, head...)
	copy(s.out.Buf[s.at+len(head):], s.out.Buf[s.at:body])
	copy(s.out.Buf[s.at:], head)
}

// emptyScan answers a scan of a missing key.
func emptyScan(w *resp.Writer) {
	w.Array(2)
	w.BulkString("0")
	w.EmptyArray()
}

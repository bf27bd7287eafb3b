package resp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"testing"
)

// TestDeferredLengths: an aggregate whose length is set later gives the same
// bytes as one announced at once, at every number of digits, nested.
func TestDeferredLengths(t *testing.T) {
	for _, proto := range []int{2, 3} {
		for _, n := range []int{0, 1, 4, 5, 9, 10, 49, 50, 99, 100, 4999, 5000, 12345} {
			late, now := Writer{Proto: proto}, Writer{Proto: proto}
			late.BulkString("before")
			now.BulkString("before")
			outer := late.ReserveArray()
			now.Array(3)
			begin := []func() Deferred{late.ReserveMap, late.ReserveSet, late.ReservePush}
			announce := []func(int){now.Map, now.Set, now.Push}
			for i := range begin {
				inner := begin[i]()
				announce[i](n)
				for k := range n {
					late.Int(int64(k))
					now.Int(int64(k))
				}
				late.SetLen(inner, n)
			}
			late.SetLen(outer, 3)
			if !bytes.Equal(late.Buf, now.Buf) {
				t.Fatalf("RESP%d, %d elements: %.80q, want %.80q", proto, n, late.Buf, now.Buf)
			}
		}
	}
	var w Writer
	w.Int(1)
	d := w.ReserveArray()
	w.Int(2)
	if w.Drop(d); string(w.Buf) != ":1\r\n" {
		t.Errorf("%q", w.Buf)
	}
}

func TestWriterForms(t *testing.T) {
	f := func(proto int, fill func(w *Writer), want string) {
		t.Helper()
		w := Writer{Proto: proto}
		if fill(&w); string(w.Buf) != want {
			t.Errorf("RESP%d: %q, want %q", proto, w.Buf, want)
		}
	}
	attribute := func(w *Writer) {
		if w.Attribute(1) {
			w.Int(1)
			w.Int(2)
		}
		w.Int(3)
	}
	f(2, attribute, ":3\r\n")
	f(3, attribute, "|1\r\n:1\r\n:2\r\n:3\r\n")
	f(2, func(w *Writer) { w.Err(errors.New("boom")) }, "-ERR boom\r\n")
	f(2, func(w *Writer) { w.Err(errCount) }, "-ERR Protocol error: invalid multibulk length\r\n")
	f(2, func(w *Writer) { w.Err(fmt.Errorf("while: %w", ErrSyntax)) }, "-ERR while: ERR syntax error\r\n")
	f(2, func(w *Writer) { w.BulkInt(-42) }, "$3\r\n-42\r\n")
	f(2, func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n")
	f(2, func(w *Writer) { w.Raw([]byte("+x\r\n")) }, "+x\r\n")
}

func TestAppendCommandReadsBack(t *testing.T) {
	args := [][]byte{[]byte("SET"), {}, bytes.Repeat([]byte("x"), 1234), []byte("\r\n")}
	wire := AppendCommand([]byte("PING\r\n"), args...)
	p := Parser{Limits: authenticated}
	p.Feed(wire)
	p.Next()
	got, ok, _ := p.Next()
	if !ok || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", args) {
		t.Fatalf("%q", got)
	}
	if string(AppendBulkString(nil, "x")) != string(AppendBulk(nil, []byte("x"))) || string(AppendBulkInt(nil, -1)) != "$2\r\n-1\r\n" {
		t.Error("helpers differ")
	}
	for _, n := range []int64{0, 9, 10, -1, -10, 1<<63 - 1, -1 << 63, 99999} {
		if IntLen(n) != len(strconv.FormatInt(n, 10)) {
			t.Errorf("IntLen(%d) = %d", n, IntLen(n))
		}
	}
}

func FuzzSplitArgs(f *testing.F) {
	for _, s := range []string{`SET k "a\x00\n b" 'it\'s'`, `a"b"c`, `"a`, `'a'b`, "\v\f \"\\", `"\xZZ"`, `''`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		was := bytes.Clone(line)
		args, ok := SplitArgs(line)
		if !bytes.Equal(was, line) {
			t.Fatal("the line was changed")
		}
		if !ok {
			return
		}
		var again []byte
		for _, a := range args {
			again = append(AppendQuoted(again, a), ' ')
		}
		back, ok := SplitArgs(again)
		if !ok || fmt.Sprintf("%q", back) != fmt.Sprintf("%q", args) {
			t.Fatalf("%q gives %q, quoted and split again %q", line, args, back)
		}
	})
}

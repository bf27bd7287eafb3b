package rdb

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// listpack packs strings and numbers.
func listpack(elements ...any) []byte {
	b := make([]byte, listpackHead)
	for _, e := range elements {
		from := len(b)
		switch v := e.(type) {
		case string:
			switch {
			case len(v) < 64:
				b = append(b, 0x80|byte(len(v)))
			case len(v) < 4096:
				b = append(b, 0xE0|byte(len(v)>>8), byte(len(v)))
			default:
				b = binary.LittleEndian.AppendUint32(append(b, 0xF0), uint32(len(v)))
			}
			b = append(b, v...)
		case int:
			b = listpackInt(b, v)
		}
		size := len(b) - from
		n := backSize(size)
		for i := n - 1; i >= 0; i-- {
			x := byte(size >> (7 * i) & 127)
			if i < n-1 {
				x |= 128
			}
			b = append(b, x)
		}
	}
	b = append(b, 0xFF)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], uint16(min(len(elements), listpackUnknown)))
	return b
}

func listpackInt(b []byte, v int) []byte {
	switch {
	case v >= 0 && v < 128:
		return append(b, byte(v))
	case v >= -4096 && v < 4096:
		return append(b, 0xC0|byte(v>>8&31), byte(v))
	case v >= -1<<15 && v < 1<<15:
		return append(b, 0xF1, byte(v), byte(v>>8))
	case v >= -1<<23 && v < 1<<23:
		return append(b, 0xF2, byte(v), byte(v>>8), byte(v>>16))
	case v >= -1<<31 && v < 1<<31:
		return binary.LittleEndian.AppendUint32(append(b, 0xF3), uint32(v))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xF4), uint64(v))
}

// zipList packs strings as Redis before 7.0 did; those that are numbers take
// every form of number.
func zipList(elements ...string) []byte {
	b := make([]byte, 10)
	prev := 0
	for _, e := range elements {
		from := len(b)
		if prev < 254 {
			b = append(b, byte(prev))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(prev))
		}
		binary.LittleEndian.PutUint32(b[4:], uint32(from))
		b = zipElement(b, e)
		prev = len(b) - from
	}
	b = append(b, 0xFF)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[8:], uint16(min(len(elements), zipUnknown)))
	return b
}

func zipElement(b []byte, e string) []byte {
	if v, err := strconv.ParseInt(e, 10, 64); err == nil && strconv.FormatInt(v, 10) == e {
		switch {
		case v >= 0 && v <= 12:
			return append(b, 0xF1+byte(v))
		case v == int64(int8(v)):
			return append(b, 0xFE, byte(v))
		case v == int64(int16(v)):
			return append(b, 0xC0, byte(v), byte(v>>8))
		case v >= -1<<23 && v < 1<<23:
			return append(b, 0xF0, byte(v), byte(v>>8), byte(v>>16))
		case v == int64(int32(v)):
			return binary.LittleEndian.AppendUint32(append(b, 0xD0), uint32(v))
		}
		return binary.LittleEndian.AppendUint64(append(b, 0xE0), uint64(v))
	}
	switch {
	case len(e) < 64:
		b = append(b, byte(len(e)))
	case len(e) < 1<<14:
		b = append(b, 0x40|byte(len(e)>>8), byte(len(e)))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0x80), uint32(len(e)))
	}
	return append(b, e...)
}

func zipMap(free int, pairs ...string) []byte {
	b := []byte{byte(min(len(pairs)/2, 254))}
	for i, p := range pairs {
		if len(p) < 254 {
			b = append(b, byte(len(p)))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(len(p)))
		}
		extra := free * (i & 1)
		if i&1 == 1 {
			b = append(b, byte(extra))
		}
		b = append(append(b, p...), make([]byte, extra)...)
	}
	return append(b, 0xFF)
}

// elements reads a payload and returns it in one text per element, whatever its
// encoding.
func elements(p []byte) (list []string, err error) {
	r := NewPayloadReader(p, Options{Deep: true})
	typ, err := r.Begin()
	if err != nil {
		return nil, err
	}
	for {
		ok, err := r.NextItem()
		if err != nil {
			return list, err
		}
		if !ok {
			break
		}
		list = appendItem(list, typ, &r.Item)
	}
	if k := KindOf(typ); k == Hash || k == Set || k == ZSet {
		sort.Strings(list)
	}
	return list, nil
}

func appendItem(list []string, typ byte, it *Item) []string {
	switch it.Op {
	case ItemBytes, ItemElement, ItemPlain:
		return append(list, string(it.Key))
	case ItemPair:
		return append(list, fmt.Sprintf("%q %q", it.Key, it.Val))
	case ItemScored:
		return append(list, fmt.Sprintf("%q %v", it.Key, it.Score))
	case ItemListpack:
		var scratch [2][24]byte
		for p := openPacked(it.Key); p.more(); {
			key := p.nextText(scratch[0][:])
			switch KindOf(typ) {
			case Hash:
				list = append(list, fmt.Sprintf("%q %q", key, p.nextText(scratch[1][:])))
			case ZSet:
				score, _ := parseScore(p.nextText(scratch[1][:]))
				list = append(list, fmt.Sprintf("%q %v", key, score))
			default:
				list = append(list, string(key))
			}
		}
		return list
	case ItemIntset:
		size := int(it.Key[0])
		for b := it.Key[8:]; len(b) > 0; b = b[size:] {
			list = append(list, strconv.FormatInt(littleInt(b[:size]), 10))
		}
		return list
	}
	return append(list, fmt.Sprintf("%+v", *it))
}

// oldPayloads are values in encodings that are no longer written, each with the
// elements it stands for.
func oldPayloads() map[string][]byte {
	numbers := []string{"0", "12", "13", "-1", "127", "-128", "128", "32767", "-32768", "32768", "8388607", "-8388608", "8388608",
		"2147483647", "-2147483648", "2147483648", "9223372036854775807", "-9223372036854775808", "01", "1.5"}
	texts := []string{"", "a", strings.Repeat("b", 63), strings.Repeat("c", 64), strings.Repeat("d", 250), strings.Repeat("e", 260), strings.Repeat("f", 20_000)}
	all := slices.Concat(numbers, texts, numbers)
	var scored []string
	for i, s := range []string{"-inf", "-5", "0.25", "3", "1e10", "inf"} {
		scored = append(scored, fmt.Sprint("m", i), s)
	}
	str := func(typ byte, blobs ...[]byte) []byte {
		w := NewWriter(nil)
		w.Type(typ)
		if typ == TypeListZipNodes {
			w.length(uint64(len(blobs)))
		}
		for _, b := range blobs {
			w.text(b)
		}
		return w.Bytes()
	}
	pairs := slices.Concat(numbers, texts)
	pairs = append(pairs, "odd")
	return map[string][]byte{
		"list ziplist":     str(TypeListZiplist, zipList(all...)),
		"list zipnodes":    str(TypeListZipNodes, zipList(texts...), zipList(numbers...), zipList(all...)),
		"hash ziplist":     str(TypeHashZiplist, zipList(pairs...)),
		"hash zipmap":      str(TypeHashZipmap, zipMap(0, pairs...)),
		"hash zipmap free": str(TypeHashZipmap, zipMap(3, pairs...)),
		"zset ziplist":     str(TypeZSetZiplist, zipList(scored...)),
		"zset text":        []byte("\x03\x04\x01a\xff\x01b\x03-.5\x01c\x0412e3\x01d\xfe"),
		"list":             []byte("\x01\x03\x01a\xc0\x05\x01a"),
	}
}

// TestOldEncodings has redis-server read old encodings and write them anew.
func TestOldEncodings(t *testing.T) {
	s := startServer(t, t.TempDir())
	for name, p := range oldPayloads() {
		got, err := elements(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.do("RESTORE", name, 0, AppendFooter(slices.Clone(p), 6))
		body, err := CheckPayload([]byte(s.do("DUMP", name).(string)), Version)
		if err != nil {
			t.Fatal(err)
		}
		want, err := elements(body)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: we read %.60q, redis-server %.60q", name, got, want)
		}
	}
}

func TestOldEncodingsCutAndFlipped(t *testing.T) {
	for name, p := range oldPayloads() {
		step := 1 + len(p)/3000
		for i := 0; i < len(p); i += step {
			if _, err := elements(p[:i]); err == nil {
				t.Errorf("%s cut to %d of %d bytes was read", name, i, len(p))
			}
			for _, x := range []byte{1, 0x40, 0x80, 0xFF} { // must not panic
				bad := slices.Clone(p)
				bad[i] ^= x
				elements(bad)
			}
		}
	}
}

// TestOldStream writes a stream as Redis 5 did.
func TestOldStream(t *testing.T) {
	s := startServer(t, t.TempDir())
	w := NewWriter([]byte{TypeStream1})
	w.length(1)
	for _, it := range sampleStream() {
		switch it.Op {
		case ItemStreamMeta:
			w.length(it.Meta.Length)
			w.lengthID(it.Meta.Last)
			w.length(it.Count)
		case ItemGroup:
			w.text(it.Key)
			w.lengthID(it.ID)
			w.length(it.Count)
		default:
			w.streamItem(&it)
		}
	}
	got, err := elements(w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	s.do("RESTORE", "k", 0, AppendFooter(slices.Clone(w.Bytes()), 9))
	body, err := CheckPayload([]byte(s.do("DUMP", "k").(string)), Version)
	if err != nil {
		t.Fatal(err)
	}
	want, err := elements(body)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("we read %d items, redis-server %d", len(got), len(want))
	}
	for i := range got { // what an old file cannot tell is masked
		meta := strings.Contains(got[i], "Partial:true")
		group := strings.Contains(got[i], "Op:"+fmt.Sprint(ItemGroup)+" ")
		if !meta && !group && got[i] != want[i] {
			t.Errorf("item %d: we read %s, redis-server %s", i, got[i], want[i])
		}
	}
}

func TestPackedExpiry(t *testing.T) {
	w := NewWriter([]byte{TypeHashListpackExpiry})
	w.uint64(1 << 40)
	w.text(listpack("f", "v", 1<<40, "g", 7, 0))
	r := NewPayloadReader(w.Bytes(), Options{})
	if _, err := r.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`f v 1099511627776`, `g 7 0`} {
		if ok, err := r.NextItem(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if got := fmt.Sprintf("%s %s %d", r.Item.Key, r.Item.Val, r.Item.Expire); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if ok, err := r.NextItem(); ok || err != nil {
		t.Fatal(ok, err)
	}
}

func TestDeepChecks(t *testing.T) {
	f := func(typ byte, blob []byte, deepOnly bool) {
		t.Helper()
		w := NewWriter([]byte{typ})
		w.text(blob)
		for _, deep := range []bool{false, true} {
			r := NewPayloadReader(w.Bytes(), Options{Deep: deep})
			_, err := r.Begin()
			if err == nil {
				err = r.Skip()
			}
			if wantErr := deep || !deepOnly; (err != nil) != wantErr {
				t.Errorf("type %d, deep %v: %v", typ, deep, err)
			}
		}
	}
	f(TypeHashListpack, listpack("a", 1, "a", 2), true)
	f(TypeHashListpack, listpack(5, 1, "5", 2), true)
	f(TypeSetListpack, listpack("a", "b", "a"), true)
	f(TypeZSetListpack, listpack("a", 2, "b", 1), true)
	f(TypeZSetListpack, listpack("b", 1, "a", 1), true)
	f(TypeZSetListpack, listpack("a", "nan"), false)
	f(TypeZSetListpack, listpack("a", "x"), false)
	f(TypeHashListpack, listpack("a"), false)
	f(TypeSetIntset, []byte{2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0}, false)
	f(TypeSetIntset, []byte{3, 0, 0, 0, 0, 0, 0, 0}, false)
	f(TypeSetIntset, []byte{2, 0, 0, 0, 2, 0, 0, 0, 2, 0}, false)
}

func TestStreamNodes(t *testing.T) {
	f := func(want bool, es ...any) {
		t.Helper()
		if err := CheckStreamNode(listpack(es...)); (err == nil) != want {
			t.Errorf("%v: %v", es, err)
		}
	}
	f(true, 1, 0, 1, "f", 0, 2, 0, 0, "v", 4)
	f(true, 0, 1, 0, 0, 1, 0, 0, 1, "f", "v", 6)
	f(false)
	f(false, 1, 0, 1, "f", 0)                      // entry missing
	f(false, 1, 0, 1, "f", 1, 2, 0, 0, "v", 4)     // no terminator
	f(false, 1, 0, 1, "f", 0, 2, 0, 0, "v", 5)     // wrong size
	f(false, 1, 1, 1, "f", 0, 2, 0, 0, "v", 4)     // wrong number of deleted
	f(false, 1, 0, 1, "f", 0, 2, 0, 0, "v")        // cut
	f(false, 1, 0, 1<<50, "f", 0, 2, 0, 0, "v", 4) // fields beyond the end
	f(false, 1, 0, 0, 0, 0, 0, 0, 1<<50, "f", "v", 6)
	f(false, 1, 0, -1, 0, 2, 0, 0, 2)
	f(false, "x", 0, 1, "f", 0, 2, 0, 0, "v", 4)
}

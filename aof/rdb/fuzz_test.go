package rdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
)

// items reads a value and renders what comes.
func items(r *Reader) (list []string, err error) {
	typ, err := r.Begin()
	if err != nil {
		return nil, err
	}
	list = append(list, fmt.Sprint("type ", typ))
	for len(list) < 10_000 {
		ok, err := r.NextItem()
		if !ok || err != nil {
			return list, err
		}
		list = append(list, fmt.Sprintf("%+v", r.Item))
	}
	return list, nil
}

// FuzzPayload: no input makes the reader panic; where the bytes come from makes
// no difference; and what was read and can be written reads the same again.
func FuzzPayload(f *testing.F) {
	for _, p := range oldPayloads() {
		if len(p) < 2000 {
			f.Add(p)
		}
	}
	r := NewReader(bytes.NewReader(sampleFile()), Options{})
	for {
		rec, err := r.Next()
		if err != nil {
			f.Fatal(err)
		}
		if rec.Op == RecordEOF {
			break
		}
		if rec.Op == RecordKey {
			w := NewWriter([]byte{rec.Type})
			if err := copyValue(r, w, rec.Type); err != nil {
				f.Fatal(err)
			}
			f.Add(w.Bytes())
		}
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		opt := Options{Deep: true, StringMax: 1 << 20}
		list, err := items(NewPayloadReader(p, opt))
		again, err2 := items(NewReader(iotest.HalfReader(bytes.NewReader(p)), opt))
		if !sameError(err, err2) || fmt.Sprint(list) != fmt.Sprint(again) {
			t.Fatalf("from memory: %v %v\nfrom a reader: %v %v", list, err, again, err2)
		}
		if err != nil || !written(p[0]) {
			return
		}
		r, w := NewPayloadReader(p, opt), NewWriter(nil)
		typ, _ := r.Begin()
		w.Type(typ)
		if err := copyValue(r, w, typ); err != nil {
			t.Fatal(err)
		}
		copied, err := items(NewPayloadReader(w.Bytes(), opt))
		if err != nil || fmt.Sprint(copied) != fmt.Sprint(list) {
			t.Fatalf("read %v\nwritten and read %v %v", list, copied, err)
		}
	})
}

// sameError ignores the place where it was noticed that the end is missing.
func sameError(a, b error) bool {
	return errors.Is(a, io.ErrUnexpectedEOF) && errors.Is(b, io.ErrUnexpectedEOF) || fmt.Sprint(a) == fmt.Sprint(b)
}

// written tells whether Writer has a type and keeps its number of items.
func written(typ byte) bool {
	switch typ {
	case TypeString, TypeList, TypeSet, TypeHash, TypeZSet, TypeSetIntset, TypeSetListpack, TypeHashListpack,
		TypeZSetListpack, TypeStream, TypeStream3, TypeHashExpiry:
		return true
	}
	return false
}

// FuzzFile: no input makes the reader panic.
func FuzzFile(f *testing.F) {
	f.Add(sampleFile())
	f.Fuzz(func(t *testing.T, p []byte) {
		r := NewReader(bytes.NewReader(p), Options{StringMax: 1 << 20, NoChecksum: true})
		for {
			rec, err := r.Next()
			if err != nil || rec.Op == RecordEOF {
				return
			}
		}
	})
}

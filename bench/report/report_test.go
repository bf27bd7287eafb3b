package report

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTableAligns(t *testing.T) {
	tab := &Table{Title: "t", Columns: []string{"name", "µs"}}
	tab.Row("a", 1)
	tab.Row("longer", "10.5")
	want := "t\nname      µs\na          1\nlonger  10.5\n"
	if got := tab.String(); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteMakesAllFiles(t *testing.T) {
	r := New("sample", "A sample")
	r.Table("numbers", "what", "n").Row("x", 1)
	r.Notef("a note of %d words", 5)
	two := []Series{{"redis", []float64{1, 2}}, {"spindle", []float64{2, 0}}}
	r.Bars("bars", "bars", "k/s", []string{"GET", "a long label"}, two...)
	r.Lines("lines", "lines", "s", "ms", 0.1, true, two...)
	r.Curve("curve", "curve", "ms", []string{"p50", "p99"}, two...)
	paths, err := r.Write(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 5 {
		t.Fatalf("wrote %v", paths)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil || len(b) == 0 {
			t.Fatalf("%s: %d bytes, %v", p, len(b), err)
		}
		if strings.HasSuffix(p, ".svg") && !bytes.Contains(b, []byte("spindle")) {
			t.Fatalf("%s has no legend", p)
		}
	}
}

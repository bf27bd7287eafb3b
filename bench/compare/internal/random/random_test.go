package random

import (
	"slices"
	"strings"
	"testing"
)

func TestTemplatesParse(t *testing.T) {
	templates, err := parseFamilies(Families(), []string{"BLPOP", "SET"})
	if err != nil {
		t.Fatal(err)
	}
	for e := range uint64(50) {
		a, b := newGen(7, e, templates), newGen(7, e, templates)
		for range 500 {
			x, y := a.next(), b.next()
			if !slices.Equal(x.Args, y.Args) {
				t.Fatalf("the same seed gives %q and %q", x.Args, y.Args)
			}
			if len(x.Args) == 0 {
				t.Fatal("empty command")
			}
			if strings.EqualFold(x.Args[0], "SET") {
				t.Fatal("a command that is lacking")
			}
		}
	}
}

func TestMinimize(t *testing.T) {
	var seq []int
	for i := range 500 {
		seq = append(seq, i)
	}
	runs := 0
	got := minimize(seq, func(s []int) bool {
		runs++
		return slices.Contains(s, 17) && slices.Contains(s, 300) && slices.Contains(s, 499)
	})
	if !slices.Equal(got, []int{17, 300, 499}) {
		t.Fatalf("%v", got)
	}
	t.Log(runs, "runs")
}

func TestTame(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		s := tame(Step{Args: args})
		if got := s.Args[len(s.Args)-1]; got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
	f("20000005", "expire", "k", "5")
	f("-5", "EXPIRE", "k", "-5")
	f("9223372036854775807", "EXPIRE", "k", "9223372036854775807")
	f("20000001", "SET", "k", "5", "px", "1")
	f("1000", "SPOP", "k", "3")
	f("4294967296", "SETBIT", "k", "2147483648")
	f("0.001", "BLPOP", "k", "0")
	f("k", "SPOP", "k")
}

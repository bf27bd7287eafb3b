package glob

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

func TestMatch(t *testing.T) {
	f := func(pattern, s string, want bool) {
		t.Helper()
		if got := Match([]byte(pattern), []byte(s), false); got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, s, got)
		}
	}
	f("a*c", "abbbc", true)
	f("a*c", "abbb", false)
	f("[z-a]", "k", true)
	f("[^a-c]", "b", false)
	f(`\*`, "*", true)
	f(`\*`, "x", false)
	f("A", "a", false)
	if !Match([]byte("mAx[M-P]*"), []byte("MAXmemory"), true) {
		t.Error("nocase")
	}
}

// TestManyStars would not end with a matcher that tries every split between stars.
func TestManyStars(t *testing.T) {
	pattern := []byte(strings.Repeat("a*", 1000) + "b")
	s := []byte(strings.Repeat("a", 20000))
	start := time.Now()
	if Match(pattern, s, false) {
		t.Fatal("matched")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("took %v", took)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	pattern, s := []byte("us*r:[0-9]*"), []byte("user:1000")
	if n := testing.AllocsPerRun(100, func() { Match(pattern, s, true) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// TestAgainstKeys compares with what KEYS of redis-server finds, over random patterns and all short keys.
func TestAgainstKeys(t *testing.T) {
	srv, err := servers.Redis()
	if err != nil {
		t.Skip(err)
	}
	defer srv.Stop()
	conn, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	const alphabet = `abB-]^\*[`
	keys := []string{""}
	for at := 0; at < len(keys) && len(keys[at]) < 3; at++ {
		for _, c := range alphabet {
			keys = append(keys, keys[at]+string(c))
		}
	}
	fmt.Fprint(conn, command(append([]string{"MSET"}, pairs(keys)...)...))
	if line, err := r.ReadString('\n'); line != "+OK\r\n" {
		t.Fatal(line, err)
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	slices.Sort(keys)
	for range 3000 {
		pattern := make([]byte, 1+rng.IntN(7))
		for i := range pattern {
			pattern[i] = `aabBc-]^\**?[[`[rng.IntN(14)]
		}
		fmt.Fprint(conn, command("KEYS", string(pattern)))
		want := readArray(t, r)
		var got []string
		for _, k := range keys {
			// KEYS asks the matcher about every key, except that a lone star takes all of them.
			if string(pattern) == "*" || Match(pattern, []byte(k), false) {
				got = append(got, k)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, pattern %q: only we match %q, only redis %q", seed, pattern, without(got, want), without(want, got))
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte("a*[b-d]?"), []byte("axxcq"))
	f.Add([]byte(`[^\]`), []byte("]"))
	f.Fuzz(func(t *testing.T, pattern, s []byte) {
		if len(pattern) > 12 || len(s) > 12 {
			return
		}
		for _, nocase := range []bool{false, true} {
			if got, want := Match(pattern, s, nocase), naive(pattern, s, nocase); got != want {
				t.Fatalf("Match(%q, %q, %v) = %v", pattern, s, nocase, got)
			}
		}
	})
}

// naive tries every length for every star.
func naive(pattern, s []byte, nocase bool) bool {
	if len(s) == 0 {
		return len(pattern) == 0
	}
	return naiveFrom(pattern, s, nocase)
}

func naiveFrom(pattern, s []byte, nocase bool) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	if pattern[0] == '*' {
		for i := range len(s) + 1 {
			if naiveFrom(pattern[1:], s[i:], nocase) {
				return true
			}
		}
		return false
	}
	if len(s) == 0 {
		return false
	}
	n, ok := matchOne(pattern, s[0], nocase)
	return ok && naiveFrom(pattern[n:], s[1:], nocase)
}

func command(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

func pairs(keys []string) []string {
	var all []string
	for _, k := range keys {
		all = append(all, k, "")
	}
	return all
}

func readArray(t *testing.T, r *bufio.Reader) []string {
	t.Helper()
	list := make([]string, readCount(t, r, "*"))
	for i := range list {
		b := make([]byte, readCount(t, r, "$")+2)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		list[i] = string(b[:len(b)-2])
	}
	return list
}

func readCount(t *testing.T, r *bufio.Reader, kind string) int {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, kind)))
	if err != nil {
		t.Fatal(line)
	}
	return n
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

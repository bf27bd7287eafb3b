package aof

import (
	"strings"
	"testing"
	"time"
)

// options returns options for a log in a fresh directory that logs to t.
func options(t testing.TB) Options {
	return Options{
		Dir: t.TempDir() + "/appendonlydir", Name: "appendonly.aof", LoadTruncated: true,
	}
}

// loadAll returns the commands of the log, one string each.
func loadAll(t testing.TB, o Options) []string {
	t.Helper()
	got, err := tryLoad(o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// tryLoad loads without the SELECTs and tells the database in front instead.
func tryLoad(o Options) ([]string, error) {
	var got []string
	db := "0"
	_, err := Load(o, func(args [][]byte) error {
		if string(args[0]) == "SELECT" {
			db = string(args[1])
			return nil
		}
		words := []string{db + ":"}
		for _, a := range args {
			words = append(words, string(a))
		}
		got = append(got, strings.Join(words, " "))
		return nil
	}, nil)
	return got, err
}

func words(s string) [][]byte {
	var args [][]byte
	for _, f := range strings.Fields(s) {
		args = append(args, []byte(f))
	}
	return args
}

func same(t testing.TB, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("loaded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAppendAndLoad(t *testing.T) {
	o := options(t)
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET a 1")...)
	l.Append(3, words("SET b 2")...)
	l.Multi(3)
	l.Append(3, words("SET c 3")...)
	l.Append(0, words("SET d 4")...)
	l.Exec()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"0: SET a 1", "3: SET b 2", "3: SET c 3", "0: SET d 4"}
	same(t, loadAll(t, o), want...)
	l, err = Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET e 5")...)
	outcome := make(chan error, 1)
	r, err := l.BeginRewrite(func(err error) { outcome <- err })
	if err != nil {
		t.Fatal(err)
	}
	l.Append(1, words("SET f 6")...)
	r.Append(0, words("MSET a 1 e 5")...)
	r.Append(3, words("MSET b 2 c 3")...)
	r.Commit()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(time.Second); err != nil {
		t.Fatal(err)
	}
	same(t, loadAll(t, o), "0: MSET a 1 e 5", "3: MSET b 2 c 3", "1: SET f 6")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

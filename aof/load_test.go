package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spindle/resp"
)

// put writes files of a log directly.
func put(t testing.TB, o Options, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func command(s string) string { return string(resp.AppendCommand(nil, words(s)...)) }

const twoFiles = "file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"

// TestCutAtEveryByte: whatever a crash left of the last file, the load gives a
// whole number of effects, blocks undivided, and the log goes on from there.
func TestCutAtEveryByte(t *testing.T) {
	parts := []struct {
		text    string
		effects int
	}{
		{"#TS:1700000000\r\n", 0},
		{command("SET a 1"), 1},
		{command("SELECT 3"), 0},
		{command("SET b 2"), 1},
		{command("MULTI") + command("SET c 3") + "#TS:1700000001\r\n" + command("SELECT 0") + command("SET d 4") + command("EXEC"), 2},
		{string(resp.AppendCommand(nil, []byte("SET"), []byte("e"), []byte("\r\n*1\r\n$4\r\nPING\r\n\x00"))), 1},
		{command("SET f 6"), 1},
	}
	text := ""
	for _, p := range parts {
		text += p.text
	}
	for cut := 0; cut <= len(text); cut++ {
		want, whole := 0, 0
		for _, p := range parts {
			if whole+len(p.text) > cut {
				break
			}
			whole += len(p.text)
			want += p.effects
		}
		fsys := newMemFS()
		o := Options{Dir: "/d/aof", Name: "appendonly.aof", FS: fsys}
		fsys.files["/d/aof/appendonly.aof.manifest"] = &inode{data: []byte(twoFiles)}
		fsys.files["/d/aof/appendonly.aof.1.base.aof"] = &inode{data: []byte(command("SET base 0"))}
		last := &inode{data: []byte(text[:cut])}
		fsys.files["/d/aof/appendonly.aof.1.incr.aof"] = last

		torn := cut != whole
		if _, err := tryLoad(o); (err != nil) != torn || torn && !strings.HasPrefix(err.Error(), "Unexpected end of file reading the append only file appendonly.aof.1.incr.aof. You can: 1)") {
			t.Fatalf("cut at %d, not allowed to truncate: %v", cut, err)
		}
		o.LoadTruncated = true
		got, err := tryLoad(o)
		if err != nil || len(got) != want+1 {
			t.Fatalf("cut at %d: %q, %v, want %d effects behind the base", cut, got, err, want)
		}
		if len(last.data) != whole {
			t.Fatalf("cut at %d: %d bytes are left of the file, want %d", cut, len(last.data), whole)
		}
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		l.Append(7, words("SET more 1")...)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, loadAll(t, o), append(got, "7: SET more 1")...)
	}
}

// boundary returns where the record that holds byte at begins.
func boundary(text string, at int) int {
	return strings.LastIndexByte(text[:at+1], '*')
}

// TestFlippedBytes: any byte changed gives a load, a cut or a clear error, and the
// records ahead of it stay what they were.
func TestFlippedBytes(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	text := command("SET a 1") + command("MULTI") + command("SET b 2") + command("EXEC") + command("SET c 3")
	for range 20000 {
		data := []byte(text)
		at := rng.Intn(len(data))
		data[at] = byte(rng.Intn(256))
		r := newReader(bytes.NewReader(data), int64(len(data)))
		for {
			_, raw, err := r.next()
			if err != nil {
				if err != io.EOF && err != errTorn && err != errBad {
					t.Fatalf("seed %d: byte %d is %d: %v", seed, at, data[at], err)
				}
				if err != io.EOF && int(r.start) < boundary(text, at) {
					t.Fatalf("seed %d: byte %d is %d: record %d is blamed", seed, at, data[at], r.start)
				}
				break
			}
			if int(r.off) <= at && text[r.start:r.off] != string(raw) {
				t.Fatalf("seed %d: byte %d is %d: record %q", seed, at, data[at], raw)
			}
		}
	}
}

// TestRefusals: what must not start, and in which words.
func TestRefusals(t *testing.T) {
	f := func(files map[string]string, want string) {
		t.Helper()
		o := options(t)
		put(t, o, files)
		before := sizes(t, o)
		_, err := tryLoad(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("load: %v\nwant %s", err, want)
		}
		if after := sizes(t, o); after != before {
			t.Fatalf("a refused load changed the files:\n%s\n%s", before, after)
		}
	}
	name := func(line string) map[string]string {
		return map[string]string{"appendonly.aof.manifest": line}
	}
	const manifestHead = "*** FATAL AOF MANIFEST FILE ERROR *** "
	f(name(""), manifestHead+"Found an empty AOF manifest")
	f(name("file a b\n"), manifestHead+"Reading the manifest file, at line 1 >>> 'file a b': Invalid AOF manifest file format")
	f(name("\n"), "Invalid AOF manifest file format")
	f(name("file \"a seq 1 type b\n"), "Invalid AOF manifest file format")
	f(name("file x/y seq 1 type b\n"), "File can't be a path, just a filename")
	f(name("file a seq 1 type z\n"), "Unknown AOF file type")
	f(name("file a seq 0 type b\n"), "Invalid AOF manifest file format")
	f(name("file a seq 1 type b\nfile b seq 2 type b\n"), "at line 2 >>> 'file b seq 2 type b': Found duplicate base file information")
	f(name("file a seq 2 type i\nfile b seq 2 type i\n"), "Found a non-monotonic sequence number")
	f(name("file a seq 1 type i"), "The AOF manifest file contains too long line")
	f(name("file "+strings.Repeat("a", 1100)+" seq 1 type i\n"), "The AOF manifest file contains too long line")
	f(name("file nofile seq 1 type i\n"), "Unable to obtain the AOF file nofile length. stat: No such file or directory")
	f(map[string]string{"appendonly.aof.1.incr.aof": "*"}, "holds data files (appendonly.aof.1.incr.aof) but no manifest appendonly.aof.manifest: refusing to start")

	data := func(base, incr string) map[string]string {
		return map[string]string{"appendonly.aof.manifest": twoFiles, "appendonly.aof.1.base.aof": base, "appendonly.aof.1.incr.aof": incr}
	}
	const bad = "Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>"
	ping := command("PING")
	for _, text := range []string{"x", "*0\r\n", "*-1\r\n", "*1\n$4\nPING\n", "*1\r\n$4\r\nPINGxx", "*1\r\n:4\r\n", "*\r\n", command("EXEC"), command("MULTI") + command("MULTI"), "#" + strings.Repeat("x", 2000), "\x00\x00*1"} {
		f(data("", ping+ping+text+ping), bad)
	}
	f(data("", ping+ping+"x"+ping), "offset 28")
	f(data(ping[:5], ping), "Fatal error: the truncated file is not the last file")
	f(data("REDIS0010", ping), "Error reading the RDB base file appendonly.aof.1.base.aof, AOF loading aborted: RDB base not supported yet")
}

// sizes describes the files of a log.
func sizes(t testing.TB, o Options) string {
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(o.Dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%s %q\n", e.Name(), data)
	}
	return out
}

// TestHugeClaims: lengths that the file cannot hold cost no memory.
func TestHugeClaims(t *testing.T) {
	for _, text := range []string{"*999999999999999999\r\n", "*1\r\n$999999999999999999\r\nx", "*1000000000\r\n$1\r\na\r\n", "*2\r\n$536870912\r\n"} {
		r := newReader(strings.NewReader(text), int64(len(text)))
		if _, _, err := r.next(); err != errTorn {
			t.Errorf("%q: %v", text, err)
		}
		if len(r.buf) > 1<<20 {
			t.Errorf("%q: a window of %d bytes", text, len(r.buf))
		}
	}
	r := newReader(strings.NewReader(""), 0)
	if _, _, err := r.next(); err != io.EOF {
		t.Error(err)
	}
}

// TestZeroTail: zero bytes behind the last record are a torn end, in front of
// another record they are not.
func TestZeroTail(t *testing.T) {
	set := command("SET a 1")
	for cut := range len(set) {
		o := options(t)
		put(t, o, map[string]string{"appendonly.aof.manifest": twoFiles, "appendonly.aof.1.base.aof": "",
			"appendonly.aof.1.incr.aof": set + set[:cut] + strings.Repeat("\x00", 3<<20)})
		same(t, loadAll(t, o), "0: SET a 1")
		if n, _ := os.Stat(filepath.Join(o.Dir, "appendonly.aof.1.incr.aof")); n.Size() != int64(len(set)) {
			t.Fatalf("cut %d: %d bytes are left", cut, n.Size())
		}
	}
}

// TestUpgrade moves the single file of an older server into the directory.
func TestUpgrade(t *testing.T) {
	o := options(t)
	old := filepath.Join(filepath.Dir(o.Dir), o.Name)
	if err := os.WriteFile(old, []byte(command("SET a 1")), 0o644); err != nil {
		t.Fatal(err)
	}
	same(t, loadAll(t, o), "0: SET a 1")
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the old file is still there: %v", err)
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET b 2")...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, loadAll(t, o), "0: SET a 1", "0: SET b 2")
	text, _ := os.ReadFile(filepath.Join(o.Dir, "appendonly.aof.manifest"))
	if string(text) != "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n" {
		t.Fatalf("manifest %q", text)
	}
	// A second old file beside a complete log is none of ours.
	if err := os.WriteFile(old, []byte(command("SET z 1")), 0o644); err != nil {
		t.Fatal(err)
	}
	same(t, loadAll(t, o), "0: SET a 1", "0: SET b 2")
}

// TestRDBHook: the hook reads the RDB, the commands behind it follow.
func TestRDBHook(t *testing.T) {
	o := options(t)
	rdb := "REDIS0010" + strings.Repeat("r", 100)
	put(t, o, map[string]string{"appendonly.aof.manifest": twoFiles, "appendonly.aof.1.base.aof": rdb + command("SET tail 1"), "appendonly.aof.1.incr.aof": command("SET a 1")})
	o.LoadRDB = func(r io.Reader) error {
		got := make([]byte, len(rdb))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != rdb {
			return fmt.Errorf("%q, %v", got, err)
		}
		return nil
	}
	same(t, loadAll(t, o), "0: SET tail 1", "0: SET a 1")
}

// TestManifestRoundTrip: odd names, and the order of lines.
func TestManifestRoundTrip(t *testing.T) {
	m := &manifest{}
	for _, name := range []string{"a b", "q\"q", "tab\there", "\x01\xff", "plain", "it's", "\\x"} {
		m.incrSeq++
		m.incrs = append(m.incrs, fileInfo{name, m.incrSeq, typeIncr})
	}
	m.base, m.baseSeq = fileInfo{"base", 7, typeBase}, 7
	m.history = append(m.history, fileInfo{"old", 6, typeHistory})
	_, err := parseManifest(m.encode())
	if err == nil || !strings.Contains(err.Error(), "File can't be a path") {
		t.Fatalf("a backslash in a name: %v", err)
	}
	m.incrs = m.incrs[:len(m.incrs)-1]
	m.incrSeq--
	got, err := parseManifest(m.encode())
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(m) {
		t.Fatalf("%v\n%v", got, m)
	}
	if m, err := parseManifest((&manifest{}).encode()); err != nil || !m.empty() {
		t.Fatalf("an empty manifest: %v, %v", m, err)
	}
}

// TestApplyErrorStops: an effect that cannot be applied ends the load and is
// located.
func TestApplyErrorStops(t *testing.T) {
	o := options(t)
	put(t, o, map[string]string{"appendonly.aof.manifest": twoFiles, "appendonly.aof.1.base.aof": "", "appendonly.aof.1.incr.aof": command("SET a 1") + command("FOO")})
	sentinel := errors.New("Unknown command 'FOO'")
	_, err := Load(o, func(args [][]byte) error {
		if string(args[0]) == "FOO" {
			return sentinel
		}
		return nil
	}, nil)
	if !errors.Is(err, sentinel) || err.Error() != "Unknown command 'FOO' reading the append only file appendonly.aof.1.incr.aof, at offset 27" {
		t.Fatal(err)
	}
}

// TestLoadDoesNotAllocatePerRecord: the loop of a load works in place.
func TestLoadDoesNotAllocatePerRecord(t *testing.T) {
	text := strings.Repeat(command("SET key:12345 value:67890"), 10000)
	fsys := newMemFS()
	o := Options{Dir: "/d/aof", Name: "appendonly.aof", FS: fsys}
	fsys.files["/d/aof/appendonly.aof.manifest"] = &inode{data: []byte(twoFiles)}
	fsys.files["/d/aof/appendonly.aof.1.base.aof"] = &inode{data: []byte(text)}
	fsys.files["/d/aof/appendonly.aof.1.incr.aof"] = &inode{}
	n := testing.AllocsPerRun(5, func() {
		count := 0
		if _, err := Load(o, func([][]byte) error { count++; return nil }, nil); err != nil || count != 10002-1 {
			t.Fatal(count, err)
		}
	})
	if n > 200 {
		t.Fatalf("loading 10000 records allocates %v times", n)
	}
}

func BenchmarkLoad(b *testing.B) {
	text := strings.Repeat(command("SET key:12345 value:67890"), 100000)
	o := options(b)
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string]string{"appendonly.aof.manifest": twoFiles, "appendonly.aof.1.base.aof": text, "appendonly.aof.1.incr.aof": ""} {
		if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(data), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Load(o, func([][]byte) error { return nil }, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzReader compares the windowed reader, fed in pieces, with the parser on
// the whole text, and demands that both end.
func FuzzReader(f *testing.F) {
	f.Add([]byte(command("SET a 1")+"#TS:1\r\n"+command("GET b")), uint8(1))
	f.Add([]byte("*1\r\n$5\r\nab"), uint8(3))
	f.Add([]byte("*2\r\n$0\r\n\r\n$1\r\na\r\nxx"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		r := newReader(&pieces{text, int(step)%7 + 1}, int64(len(text)))
		r.buf = make([]byte, 1) // the smallest window, so that it grows
		rest := text
		for {
			args, raw, err := r.next()
			want, n, need, wantErr := parseRecord(rest, nil)
			switch {
			case wantErr != nil:
				if err != wantErr && err != errTorn {
					t.Fatalf("%q: %v, want %v", rest, err, wantErr)
				}
				return
			case n == 0 && len(rest) == 0:
				if err != io.EOF {
					t.Fatalf("at the end: %v", err)
				}
				return
			case n == 0:
				if err != errTorn || need <= int64(len(rest)) {
					t.Fatalf("%q: %v, needs %d", rest, err, need)
				}
				return
			}
			if err != nil || !bytes.Equal(raw, rest[:n]) || fmt.Sprintf("%q", args) != fmt.Sprintf("%q", want) {
				t.Fatalf("%q: %q %q %v", rest, args, raw, err)
			}
			if len(args) > 0 && !bytes.Equal(resp.AppendCommand(nil, args...), raw) && !bytes.Contains(raw, []byte("0")) {
				t.Fatalf("%q encodes to %q", raw, resp.AppendCommand(nil, args...))
			}
			rest = rest[n:]
		}
	})
}

// pieces reads a few bytes at a time.
type pieces struct {
	rest []byte
	step int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.step, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

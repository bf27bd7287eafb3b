package resp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// oracle starts a redis-server of its own and returns the path of its socket.
func oracle(t *testing.T, options ...string) string {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH to compare with")
	}
	dir, err := os.MkdirTemp("", "resp") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	args := append([]string{"--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir,
		"--enable-debug-command", "yes"}, options...)
	cmd := exec.Command(bin, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		os.RemoveAll(dir)
	})
	for range 200 {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return socket
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
	return ""
}

// exchange sends request on a connection of its own and returns all that comes
// back until the server closes it.
func exchange(t *testing.T, socket string, request []byte) []byte {
	t.Helper()
	c, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		c.Write(request)
		c.(*net.UnixConn).CloseWrite()
	}()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	reply, err := io.ReadAll(c)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatal(err)
	}
	return reply
}

// command renders words as a request.
func command(words ...string) []byte {
	args := make([][]byte, len(words))
	for i := range words {
		args[i] = []byte(words[i])
	}
	return AppendCommand(nil, args...)
}

// unknownReplies parses request and answers every command as unknown.
func unknownReplies(limits Limits, request []byte) []byte {
	p := Parser{Limits: limits}
	var w Writer
	p.Feed(request)
	for {
		args, ok, err := p.Next()
		if err != nil {
			w.Err(err)
		}
		if !ok {
			return w.Buf
		}
		switch ping := strings.EqualFold(string(args[0]), "ping"); {
		case ping && len(args) == 1:
			w.Status("PONG")
		case ping && len(args) == 2:
			w.Bulk(args[1])
		default:
			w.Err(ErrUnknownCommand(args[0], args[1:]))
		}
	}
}

// TestRequestsAgainstRedis: requests, good and bad, are framed and refused as
// Redis does. The commands are unknown ones, whose error tells the arguments.
func TestRequestsAgainstRedis(t *testing.T) {
	socket := oracle(t)
	check := func(request string) {
		t.Helper()
		want := exchange(t, socket, []byte(request))
		if got := unknownReplies(authenticated, []byte(request)); !bytes.Equal(got, want) {
			t.Errorf("%.300q:\n ours %.300q\nredis %.300q", request, got, want)
		}
	}
	for _, s := range streams {
		s = strings.NewReplacer("SET", "sot", "GET", "got").Replace(s)
		check(s)
	}
	long := strings.Repeat("a", 65537)
	for _, s := range []string{
		long, "*" + long, "*1\r\n$" + long, "*1\r\n" + long, "a\x00\n" + long, long[:40000] + "\n" + "zz\n",
		"zz a\x00b\r\n", "*2\r\n$2\r\nzz\r\n$3\r\na\x00b\r\n", "*2\r\n$2\r\nzz\r\n$3\r\na\r\n\r\n",
		"zz \"\\r\\n\" 1\r\n", "\"\\n\\nzz\\n\" 1\r\n", "'' 1\r\n", "\"\"\n",
		"zz " + long[:127] + " b c\r\n", "zz " + long[:128] + " b\r\n", long[:300] + " " + long[:300] + "\n",
		"zz " + long[:60] + " " + long[:60] + " cccccccccc d\r\n",
		"*1048577\r\n$2\r\nzz\r\n", "*9223372036854775808\r\n", "* 1\r\n", "*+1\r\n", "*-0\r\n", "*1\n$2\nzz\n",
		"*1\r\n$2\r\nzz\r\nQUIT_\r\n", "*1\r\n$ 2\r\n", "*1\r\n$\r\n", "*1\r\n \r\n", "*1\r\n\n\r\n",
	} {
		check(s)
	}
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	pieces := strings.Split(`*1|*2|*3|$1|$2|$0|$12|\r\n|\r\n|\r\n|\r\n|\r|\n|zz|z|y| |"|'|\|\x41|\x|\n|\x00|0|-1|*|$|\t|\v|%s|*1\r\n$2\r\nzz\r\n|*2\r\n$2\r\nzz\r\n$1\r\n`, "|")
	for i, p := range pieces {
		if strings.ContainsAny(p, `\`) && p != `\` && p != `\x41` && p != `\x` && i != 22 {
			pieces[i], _ = strconv.Unquote(`"` + p + `"`)
		}
	}
	for range 2000 {
		var b strings.Builder
		for range 1 + rng.Intn(20) {
			b.WriteString(pieces[rng.Intn(len(pieces))])
		}
		check(b.String())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestLimitsBeforeAuthAgainstRedis(t *testing.T) {
	socket := oracle(t, "--requirepass", "x", "--proto-max-bulk-len", "2000000")
	limits := Limits{MaxBulk: 2000000}
	for _, s := range []string{"*11\r\n", "*10\r\n$16385\r\n", "*1\r\n$16384\r\nab", "*1\r\n$2000001\r\n", "*2147483648\r\n",
		"*10\r\n" + strings.Repeat("$2\r\nzz\r\n", 10), "*11\r\n" + strings.Repeat("$2\r\nzz\r\n", 11),
		"zz" + strings.Repeat(" a", 20) + "\r\n", "*1\r\n$-1\r\n"} {
		want := exchange(t, socket, []byte(s))
		if got := unknownReplies(limits, []byte(s)); !bytes.Equal(got, want) {
			t.Errorf("%q:\n ours %q\nredis %q", s, got, want)
		}
	}
}

// numberWords are texts that look like numbers, or nearly.
func numberWords(rng *rand.Rand, n int) []string {
	words := []string{"0", "-0", "00", "+0", "1", "+1", "-1", "01", "-01", " 1", "1 ", "", "-", "+", ".", "1.", ".5", "-.5", "+.5",
		"1e", "1e5", "1E5", "1e+5", "1e-5", "1e400", "-1e400", "1e-400", "0e-400", "0e99999", "1e308", "1.8e308", "4.9e-324", "2e-324", "1e-310",
		"inf", "-inf", "+inf", "INF", "Infinity", "infinit", "-infinity", "nan", "NaN", "-nan", "nan(1)", "0x10", "0X1p4", "0x1.8", "0x.8p1", "0x", "0x.", "-0xA", "0xAp",
		"0x1p-1080", "0x1p1024", "0x1p16384", "0x1p-16446", "0x1.8p-16446", "0x1p-16445", "1_0", "0x_1p3", "1,5", "1e5.", "1e 5", "1\x00", "1\x002", "\t1",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
		"99999999999999999999", "12345678901234567890123", "9007199254740993", "0.1", "0.2", "0.30000000000000004", "3.0e3", "5.0", "1.10", "123456789.123456789",
		"1e15", "1e16", "1e17", "1e18", "1e-17", "1e-18", "5e-18", "4.9e-18", "-5e-19", "1e4932", "1.2e4932", "1e4933", "3.6e-4951", "1e-4951", "1e-4952", "1e5000",
		"1e4931", "-1e4931", "0.000000000000000005", "0.000000000000000015", "0.000000000000000025", "1" + strings.Repeat("0", 5000) + "e-5000", strings.Repeat("9", 5119), strings.Repeat("9", 5120),
		"1." + strings.Repeat("0", 5100), "1" + strings.Repeat("0", 900) + "e-900", "0." + strings.Repeat("0", 900) + "1e900",
		"1.00000000000000011102230246251565404236316680908203125" + strings.Repeat("0", 900) + "1", "1.00000000000000011102230246251565404236316680908203125" + strings.Repeat("0", 900), strings.Repeat("0", 900), "-" + strings.Repeat("0", 900) + ".1", strings.Repeat("1", 900) + "x", strings.Repeat("1", 900) + "e", strings.Repeat(".", 900),
		"0." + strings.Repeat("0", 120000) + "1e120000", "0x0." + strings.Repeat("0", 30000) + "1p120000", "0." + strings.Repeat("0", 4000) + "1e4000", "1e" + strings.Repeat("9", 100), "1e-" + strings.Repeat("9", 100), "0e" + strings.Repeat("9", 100), "0x1p" + strings.Repeat("9", 30),
		"9223372036854775808.5", "18446744073709551616.5", "18446744073709551617", "18446744073709551618.5", "36893488147419103233", "36893488147419103235"}
	for len(words) < n {
		var w string
		switch rng.Intn(8) {
		case 0:
			w = strconv.FormatInt(int64(rng.Uint64())>>rng.Intn(64), 10)
		case 1:
			w = strconv.FormatFloat(math.Float64frombits(rng.Uint64()), 'g', -1, 64)
		case 2:
			w = strconv.FormatFloat(rng.NormFloat64()*math.Pow(10, float64(rng.Intn(30)-10)), 'f', rng.Intn(20), 64)
		case 3:
			w = fmt.Sprintf("%d.%0*d", rng.Intn(1000), 1+rng.Intn(18), rng.Intn(1000))
		case 4:
			w = fmt.Sprintf("%d%d.%d%de%d", rng.Int63(), rng.Int63(), rng.Int63(), rng.Int63(), rng.Intn(80)-60)
		case 5:
			w = strconv.FormatFloat(math.Float64frombits(rng.Uint64()), 'x', -1, 64)
		case 6: // half-way between two long doubles
			w = fmt.Sprintf("0x%x%sp%d", rng.Uint64()|1<<63, []string{"8", "80001", "7ffff", ".8", ".7f"}[rng.Intn(5)], rng.Intn(200)-120)
		case 7:
			b := []byte(words[rng.Intn(100)])
			if len(b) > 0 {
				b[rng.Intn(len(b))] = "0123456789+-.eEpPxX_ infa"[rng.Intn(25)]
			}
			w = string(b)
		}
		words = append(words, w)
	}
	return words
}

// compareReplies sends all requests in one pipeline and compares the replies. It
// keeps the connection open: redis-server drops unsent replies when it reads EOF.
func compareReplies(t *testing.T, seed int64, socket string, requests, want [][]byte, what func(i int) string) {
	t.Helper()
	c, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(60 * time.Second))
	go c.Write(bytes.Join(requests, nil))
	replies := bufio.NewReader(c)
	for i := range requests {
		got, err := readReply(replies)
		if err != nil {
			t.Fatalf("seed %d: reply %d: %v", seed, i, err)
		}
		if !bytes.Equal(got, want[i]) {
			t.Errorf("seed %d: %.200s: ours %.200q, redis %.200q", seed, what(i), want[i], got)
		}
	}
}

// readReply reads one reply without nested elements.
func readReply(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	if err != nil || line[0] != '$' || line[1] == '-' {
		return line, err
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(line[1:])))
	body := make([]byte, n+2)
	_, err = io.ReadFull(r, body)
	return append(line, body...), err
}

func TestParseIntAgainstRedis(t *testing.T) {
	seed := time.Now().UnixNano()
	words := numberWords(rand.New(rand.NewSource(seed)), 3000)
	var requests, want [][]byte
	for i, s := range words {
		requests = append(requests, command("INCRBY", fmt.Sprint("k", i), s))
		var w Writer
		if v, ok := ParseInt([]byte(s)); ok {
			w.Int(v)
		} else {
			w.Err(ErrNotInt)
		}
		want = append(want, w.Buf)
	}
	compareReplies(t, seed, oracle(t), requests, want, func(i int) string { return words[i] })
}

func TestParseFloatAgainstRedis(t *testing.T) {
	seed := time.Now().UnixNano()
	words := numberWords(rand.New(rand.NewSource(seed)), 6000)
	var requests, want [][]byte
	for i, s := range words {
		requests = append(requests, command("ZADD", fmt.Sprint("k", i), "INCR", s, "m"))
		var w Writer
		if f, ok := ParseFloat([]byte(s)); ok {
			w.Double(f)
		} else if strings.EqualFold(s, "xx") || strings.EqualFold(s, "nx") {
			w.Err(ErrSyntax) // a mutation made an option of ZADD
		} else {
			w.Err(ErrNotFloat)
		}
		want = append(want, w.Buf)
	}
	compareReplies(t, seed, oracle(t), requests, want, func(i int) string { return words[i] })
}

func TestLongDoubleAgainstRedis(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	words := numberWords(rng, 4000)
	var requests, want [][]byte
	var pairs []string
	try := func(a, b string) {
		key := fmt.Sprint("k", len(pairs))
		var set, incr Writer
		set.OK()
		x, okX := ParseLongDouble([]byte(a))
		y, okY := ParseLongDouble([]byte(b))
		switch {
		case !okX || !okY:
			incr.Err(ErrNotFloat)
		default:
			if sum, ok := x.Add(&y); ok {
				incr.Bulk(sum.Append(nil))
			} else {
				incr.Err(ErrNaNOrInfinity)
			}
		}
		requests = append(requests, command("SET", key, a), command("INCRBYFLOAT", key, b))
		want = append(want, set.Buf, incr.Buf)
		pairs = append(pairs, fmt.Sprintf("%q + %q", a, b))
	}
	for i, w := range words {
		try(w, "0")
		try("0", w)
		try(w, words[rng.Intn(len(words))])
		if i > 0 {
			try(words[i-1], w)
		}
	}
	compareReplies(t, seed, oracle(t), requests, want, func(i int) string { return pairs[i/2] })
}

// TestHumanDoubleAgainstRedis compares AppendHuman, which takes short cuts, with
// what INCRBYFLOAT prints.
func TestHumanDoubleAgainstRedis(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	var requests, want [][]byte
	var values []float64
	for i := range 4000 {
		f := rng.NormFloat64() * math.Pow(10, float64(rng.Intn(40)-20))
		if i%4 == 0 {
			f = math.Trunc(f)
		}
		values = append(values, f)
		var w Writer
		w.HumanDouble(f)
		requests = append(requests, command("INCRBYFLOAT", fmt.Sprint("k", i), strconv.FormatFloat(f, 'x', -1, 64)))
		want = append(want, w.Buf)
	}
	compareReplies(t, seed, oracle(t), requests, want, func(i int) string { return fmt.Sprint(values[i]) })
}

func TestAppendQuotedAgainstRedis(t *testing.T) {
	socket := oracle(t)
	monitor, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer monitor.Close()
	monitor.SetDeadline(time.Now().Add(20 * time.Second))
	monitor.Write([]byte("MONITOR\r\n"))
	lines := bufio.NewReader(monitor)
	lines.ReadString('\n') // +OK
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	for i := range 100 {
		arg := all
		if i > 0 {
			arg = make([]byte, rng.Intn(50))
			rng.Read(arg)
		}
		exchange(t, socket, AppendCommand(nil, []byte("echo"), arg))
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(line, `] "echo" `)
		quoted := AppendQuoted(nil, arg)
		if got != string(quoted)+"\r\n" {
			t.Fatalf("seed %d: ours %s, redis %s", seed, quoted, got)
		}
		back, ok := SplitArgs(quoted)
		if !ok || len(back) != 1 || !bytes.Equal(back[0], arg) {
			t.Fatalf("seed %d: %s reads back as %q", seed, quoted, back)
		}
	}
}

// TestWriterAgainstRedis compares every kind of reply that Redis lets one ask for.
func TestWriterAgainstRedis(t *testing.T) {
	socket := oracle(t)
	exchange(t, socket, command("GEOADD", "g", "13.361389", "38.115556", "m"))
	for _, proto := range []int{2, 3} {
		check := func(fill func(w *Writer), words ...string) {
			t.Helper()
			hello := command("HELLO", fmt.Sprint(proto))
			head := len(stripID(exchange(t, socket, hello)))
			want := stripID(exchange(t, socket, append(hello, command(words...)...)))[head:]
			w := Writer{Proto: proto}
			fill(&w)
			if !bytes.Equal(w.Buf, want) {
				t.Errorf("RESP%d %v: ours %q, redis %q", proto, words, w.Buf, want)
			}
		}
		debug := func(kind string, fill func(w *Writer)) {
			t.Helper()
			check(fill, "DEBUG", "PROTOCOL", kind)
		}
		debug("string", func(w *Writer) { w.BulkString("Hello World") })
		debug("integer", func(w *Writer) { w.Int(12345) })
		debug("double", func(w *Writer) { w.Double(3.141) })
		debug("bignum", func(w *Writer) { w.BigNumber("1234567999999999999999999999999999999") })
		debug("null", (*Writer).Null)
		debug("true", func(w *Writer) { w.Bool(true) })
		debug("false", func(w *Writer) { w.Bool(false) })
		debug("verbatim", func(w *Writer) { w.Verbatim("txt", "This is a verbatim\nstring") })
		debug("array", func(w *Writer) {
			w.Array(3)
			for i := range 3 {
				w.Int(int64(i))
			}
		})
		debug("set", func(w *Writer) {
			w.Set(3)
			for i := range 3 {
				w.Int(int64(i))
			}
		})
		debug("map", func(w *Writer) {
			w.Map(3)
			for i := range 3 {
				w.Int(int64(i))
				w.Bool(i == 1)
			}
		})
		check((*Writer).NullArray, "LPOP", "missing", "1")
		check((*Writer).EmptyArray, "LRANGE", "missing", "0", "1")
		check(func(w *Writer) { w.Set(0) }, "SMEMBERS", "missing")
		check(func(w *Writer) { w.Map(0) }, "HGETALL", "missing")
		check((*Writer).OK, "SET", "k", "v")
		check(func(w *Writer) { w.Push(3); w.BulkString("subscribe"); w.BulkString("c"); w.Int(1) }, "SUBSCRIBE", "c")
		for _, f := range []string{"1", "-0", "3.25", "1e100", "-1e-9", "inf", "-inf", "1e16", "123456789012345680", "5e-324", "0.1"} {
			v, _ := ParseFloat([]byte(f))
			check(func(w *Writer) { w.Double(v) }, "ZADD", "z"+fmt.Sprint(proto)+f, "INCR", f, "m")
		}
		check(func(w *Writer) {
			w.Array(1)
			w.Array(2)
			w.HumanDouble(13.361389338970184)
			w.HumanDouble(38.115556395496299)
		}, "GEOPOS", "g", "m")
	}
}

// stripID removes the only part of HELLO's reply that differs between clients.
func stripID(reply []byte) []byte {
	i := bytes.Index(reply, []byte("$2\r\nid\r\n:")) + len("$2\r\nid\r\n:")
	j := bytes.IndexByte(reply[i:], '\r')
	return append(reply[:i:i], reply[i+j:]...)
}

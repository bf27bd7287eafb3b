package wire

import (
	"bufio"
	"strings"
	"testing"
)

func TestReadAndAppendAgree(t *testing.T) {
	for _, in := range []string{
		"+OK\r\n", "-ERR x\r\n", ":-1\r\n", "$-1\r\n", "*-1\r\n", "$0\r\n\r\n", "$3\r\na\r\n\r\n",
		"*0\r\n", "*2\r\n:1\r\n*1\r\n_\r\n", "%1\r\n+a\r\n,1.5\r\n", "~1\r\n#t\r\n", ">1\r\n+x\r\n",
		"=7\r\ntxt:abc\r\n", "(123\r\n", "|1\r\n+k\r\n+v\r\n:5\r\n", "!3\r\nERR\r\n",
	} {
		f, err := Read(bufio.NewReader(strings.NewReader(in)))
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if out := string(Append(nil, f)); out != in {
			t.Errorf("%q came back as %q", in, out)
		}
	}
}

func TestReadIsStrict(t *testing.T) {
	for _, in := range []string{
		"OK\r\n", "+OK\n", "$01\r\nx\r\n", "$-2\r\n", "*+1\r\n:1\r\n", "$1\r\nxyz\r\n", "\r\n",
		"*1\r\nx\r\n", "%-1\r\n",
	} {
		f, err := Read(bufio.NewReader(strings.NewReader(in)))
		if err != nil || f.Kind != Garbage {
			t.Errorf("%q: %v, %v", in, f, err)
		}
	}
}

func TestString(t *testing.T) {
	f, _ := Read(bufio.NewReader(strings.NewReader("*3\r\n$2\r\n\x00\"\r\n:1\r\n%1\r\n+a\r\n$-1\r\n")))
	if got, want := f.String(), `*3[$"\x00\"" :1 %2[+a $-1]]`; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}

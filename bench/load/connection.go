package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	bufferSize = 64 << 10         // no answer that is measured comes near it
	patience   = 30 * time.Second // the longest wait for one answer
)

// connection is one kept-alive HTTP/1.1 connection, opened when first needed and again when the server closed it.
type connection struct {
	address string
	socket  net.Conn
	buffer  []byte
}

// answer points into the connection's buffer: it is gone with the next request.
type answer struct {
	status int
	head   []byte
	body   []byte
}

func newConnection(address string) connection {
	return connection{address: address, buffer: make([]byte, bufferSize)}
}

func (c *connection) close() {
	if c.socket != nil {
		_ = c.socket.Close()
		c.socket = nil
	}
}

// send writes one request and reads its answer, whole. The size is how many bytes came.
func (c *connection) send(request []byte) (answer, int, error) {
	if c.socket == nil {
		socket, err := net.DialTimeout("tcp", c.address, patience)
		if err != nil {
			return answer{}, 0, err
		}
		c.socket = socket
	}
	if err := c.socket.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, 0, err
	}
	if _, err := c.socket.Write(request); err != nil {
		c.close()
		return answer{}, 0, err
	}
	got, size, err := c.read()
	if err != nil || bytes.Contains(lower(got.head), []byte("\r\nconnection: close")) {
		c.close()
	}
	return got, size, err
}

func (c *connection) read() (answer, int, error) {
	filled, headEnd := 0, -1
	for headEnd < 0 {
		n, err := c.more(filled)
		if err != nil {
			return answer{}, 0, err
		}
		filled += n
		headEnd = bytes.Index(c.buffer[:filled], []byte("\r\n\r\n"))
	}
	head, bodyStart := c.buffer[:headEnd+2], headEnd+4
	if len(head) < 12 {
		return answer{}, 0, errors.New("no status line")
	}
	status, err := strconv.Atoi(string(head[9:12]))
	if err != nil {
		return answer{}, 0, err
	}
	length := -1
	switch value := headerOf(head, "content-length"); {
	case value != "":
		if length, err = strconv.Atoi(value); err != nil {
			return answer{}, 0, err
		}
	case headerOf(head, "transfer-encoding") == "": // 204, 304
		length = 0
	}
	for {
		if length >= 0 && filled >= bodyStart+length {
			return answer{status, head, c.buffer[bodyStart : bodyStart+length]}, bodyStart + length, nil
		}
		if length < 0 {
			if body, whole := unchunk(c.buffer[bodyStart:filled]); whole {
				return answer{status, head, body}, filled, nil
			}
		}
		n, err := c.more(filled)
		if err != nil {
			return answer{}, 0, err
		}
		filled += n
	}
}

func (c *connection) more(filled int) (int, error) {
	if filled == len(c.buffer) {
		return 0, errors.New("an answer larger than the buffer")
	}
	return c.socket.Read(c.buffer[filled:])
}

// unchunk takes the chunked coding off a body and says whether all of it is there (RFC 9112 section 7.1).
func unchunk(coded []byte) (body []byte, whole bool) {
	for {
		line := bytes.Index(coded, []byte("\r\n"))
		if line < 0 {
			return nil, false
		}
		size, err := strconv.ParseInt(string(bytes.SplitN(coded[:line], []byte(";"), 2)[0]), 16, 32)
		end := line + 2 + int(size)
		if err != nil || len(coded) < end+2 {
			return nil, false
		}
		if size == 0 {
			return body, true
		}
		body = append(body, coded[line+2:end]...)
		coded = coded[end+2:]
	}
}

// headersOf finds every value of a header; the name in lower case.
func headersOf(head []byte, name string) (values []string) {
	for rest := head; ; {
		line := bytes.Index(rest, []byte("\r\n"))
		if line < 0 {
			return values
		}
		if line > len(name) && rest[len(name)] == ':' && strings.EqualFold(string(rest[:len(name)]), name) {
			values = append(values, strings.TrimSpace(string(rest[len(name)+1:line])))
		}
		rest = rest[line+2:]
	}
}

func headerOf(head []byte, name string) string {
	if values := headersOf(head, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// lower is bytes.ToLower for ASCII headers, but only where there is a chance of "connection:" at all.
func lower(head []byte) []byte {
	if !bytes.Contains(head, []byte("lose\r\n")) && !bytes.Contains(head, []byte("LOSE\r\n")) {
		return nil
	}
	return bytes.ToLower(head)
}

// encode writes a request as it goes over the wire.
func (r Request) encode(host string) []byte {
	var wire bytes.Buffer
	fmt.Fprintf(&wire, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Path, host)
	names := make([]string, 0, len(r.Headers))
	for name := range r.Headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&wire, "%s: %s\r\n", name, r.Headers[name])
	}
	if r.Body != "" || r.Method == "POST" {
		fmt.Fprintf(&wire, "Content-Length: %d\r\n", len(r.Body))
	}
	wire.WriteString("\r\n" + r.Body)
	return wire.Bytes()
}

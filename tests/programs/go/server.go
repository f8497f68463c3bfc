// A TLS server with net/http, in the Go that all versions from 1.15 on take.
// See tests/tests/kernel/servers/tls for the answers it owes.
package main

import (
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

var statuses = [5]int{200, 201, 404, 410, 502}

func id(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, "/id/"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	w.WriteHeader(statuses[n%5])
	fmt.Fprintf(w, "id %d\n", n)
}

func length(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(ioutil.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	fmt.Fprintf(w, "length %d\n", n)
}

func big(w http.ResponseWriter, r *http.Request) {
	left, err := strconv.Atoi(strings.Split(r.URL.Path, "/")[2])
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	piece := []byte(strings.Repeat("0123456789abcdef", 2048))
	w.Header().Set("Content-Length", strconv.Itoa(left))
	for left > 0 {
		if left < len(piece) {
			piece = piece[:left]
		}
		if _, err := w.Write(piece); err != nil {
			return
		}
		left -= len(piece)
	}
}

func chunked(w http.ResponseWriter, r *http.Request) {
	for n := 0; n < 10; n++ {
		fmt.Fprintf(w, "chunk %d\n", n)
		w.(http.Flusher).Flush()
	}
}

// Sends back what comes. The answer is the one to the key of RFC 6455 section 1.3, which the client uses.
func websocket(w http.ResponseWriter, r *http.Request) {
	hijacker, ok := w.(http.Hijacker)
	if !ok || r.Header.Get("Sec-WebSocket-Key") != "dGhlIHNhbXBsZSBub25jZQ==" {
		http.Error(w, "not the key of the example", 400)
		return
	}
	connection, buffer, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	io.Copy(connection, buffer)
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: go-server CERTIFICATE KEY PORT ADDRESS...")
	}
	http.HandleFunc("/id/", id)
	http.HandleFunc("/length/", length)
	http.HandleFunc("/big/", big)
	http.HandleFunc("/chunked/", chunked)
	http.HandleFunc("/ws/", websocket)
	failed := make(chan error)
	for _, address := range os.Args[4:] {
		server := &http.Server{Addr: net.JoinHostPort(address, os.Args[3])}
		go func() { failed <- server.ListenAndServeTLS(os.Args[1], os.Args[2]) }()
	}
	log.Fatal(<-failed)
}

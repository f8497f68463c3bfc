// A small JSON service over TLS with nothing but Go's own library: service PORT CERTIFICATE KEY
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
)

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func main() {
	items := []item{{1, "item 1"}, {2, "item 2"}, {3, "item 3"}, {4, "item 4"}}
	handle := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, err := json.Marshal(map[string]any{"path": r.URL.Path, "items": items})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(body)
	}
	log.Fatal(http.ListenAndServeTLS("127.0.0.1:"+os.Args[1], os.Args[2], os.Args[3], http.HandlerFunc(handle)))
}

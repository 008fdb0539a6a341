// The MongoDB-compatible server of the tests: FerretDB on SQLite, behind a gate. It prints its address and serves until
// its standard input ends, so that it outlives nobody who started it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/url"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	folder := flag.String("folder", "", "where the databases are kept")
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	gated := flag.Bool("gate", true, "let one command at a time through")
	flag.Parse()

	inner := *address
	if *gated {
		inner = "127.0.0.1:0"
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: inner},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handler:   "sqlite",
		SQLiteURL: "file:" + *folder + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- server.Run(context.Background()) }()
	uri, err := url.Parse(server.MongoDBURI())
	if err != nil {
		log.Fatal(err)
	}
	if shown := uri.Host; *gated {
		listener, err := net.Listen("tcp", *address)
		if err != nil {
			log.Fatal(err)
		}
		go func() { ended <- (&gate{listener: listener, server: shown}).run() }()
		fmt.Println(listener.Addr())
	} else {
		fmt.Println(shown)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(<-ended)
}

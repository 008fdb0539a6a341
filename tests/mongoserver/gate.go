package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// The longest message of the wire protocol.
const longest = 48_000_000

// A gate lets one command at a time through to the server, over all connections. FerretDB on SQLite reads, filters and
// writes in separate transactions: without it, two updates of one document can both find what only one may change.
type gate struct {
	listener net.Listener
	server   string
	turn     sync.Mutex
}

func (g *gate) run() error {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return err
		}
		go g.serve(client)
	}
}

func (g *gate) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", g.server)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		answer, err := g.ask(server, request)
		if err != nil {
			return
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

// ask has the turn until the server has answered: what it was asked for is carried out then, whoever still listens.
func (g *gate) ask(server net.Conn, request []byte) ([]byte, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return readMessage(server)
}

// readMessage reads a whole message; it begins with its own length.
func readMessage(from io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length < 16 || length > longest {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	message := make([]byte, length)
	copy(message, head[:])
	_, err := io.ReadFull(from, message[4:])
	return message, err
}

// Package mailbox is where all e-mails of the local host end: an SMTP server
// on the loopback interface that delivers nothing, and what it received.
package mailbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Message is an e-mail as GET /_dev/mail shows it.
type Message struct {
	ID          string            `json:"id"`
	To          string            `json:"to"`
	Subject     string            `json:"subject"`
	Text        string            `json:"text"`
	HTML        string            `json:"html"`
	Headers     map[string]string `json:"headers"`
	Attachments []Attachment      `json:"attachments"`
	Links       []string          `json:"links"`
	SentAt      time.Time         `json:"sent_at"`
}

// Attachment is a file of a message; JSON has its content in base64.
type Attachment struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Content     []byte `json:"content"`
}

// Options say where messages are kept and what time it is.
type Options struct {
	File string // one JSON message a line; empty: in memory
	Now  func() time.Time
	ID   func() string // makes the id of a message
}

// Mailbox holds what was sent, oldest first.
type Mailbox struct {
	options  Options
	listener net.Listener
	server   *smtp.Server

	mu       sync.Mutex
	messages []Message
	file     *os.File
}

// maxMessage bounds one message, in bytes; SES takes 40 MB.
const maxMessage = 40 << 20

// Open reads the messages that are kept and starts to receive on a free port.
func Open(o Options) (*Mailbox, error) {
	m := &Mailbox{options: o}
	if err := m.read(); err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	m.listener = listener
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{mailbox: m}, nil }))
	m.server.Domain = "localhost"
	m.server.MaxMessageBytes = maxMessage
	m.server.EnableSMTPUTF8 = true
	m.server.ReadTimeout, m.server.WriteTimeout = time.Minute, time.Minute
	go func() { _ = m.server.Serve(listener) }() // ends when it is closed
	return m, nil
}

// URL is the address of the SMTP server: smtp://127.0.0.1:PORT.
func (m *Mailbox) URL() string { return "smtp://" + m.listener.Addr().String() }

// Close stops receiving.
func (m *Mailbox) Close() error {
	err := m.server.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file != nil {
		err = errors.Join(err, m.file.Close())
	}
	return err
}

// To lists the messages to an address, whatever its case, or all when empty.
func (m *Mailbox) To(address string) []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []Message{}
	for _, message := range m.messages {
		if address == "" || strings.EqualFold(message.To, address) {
			found = append(found, message)
		}
	}
	return found
}

// Empty throws all messages away.
func (m *Mailbox) Empty() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = nil
	if m.file == nil {
		return nil
	}
	return m.file.Truncate(0) // it is open to append, so the next line is the first
}

// add keeps a message before it is acknowledged to its sender.
func (m *Mailbox) add(message Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file != nil {
		line, err := json.Marshal(message)
		if err != nil {
			return err
		}
		if _, err := m.file.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	m.messages = append(m.messages, message)
	return nil
}

func (m *Mailbox) read() error {
	if m.options.File == "" {
		return nil
	}
	content, err := os.ReadFile(m.options.File)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	// A last line without its end was being written when the host was killed.
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	for line := range bytes.Lines(content) {
		var message Message
		if err := json.Unmarshal(line, &message); err != nil {
			return fmt.Errorf("%s: %w", m.options.File, err)
		}
		m.messages = append(m.messages, message)
	}
	m.file, err = os.OpenFile(m.options.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	return m.file.Truncate(int64(len(content)))
}

// session is one conversation with a sender.
type session struct {
	mailbox    *Mailbox
	recipients []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.recipients = append(s.recipients, to)
	return nil
}

// Data keeps the message once for each of its recipients.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range s.recipients {
		message, err := parse(raw)
		if err != nil {
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "the message cannot be read"}
		}
		message.ID, message.To, message.SentAt = s.mailbox.options.ID(), to, s.mailbox.options.Now().UTC()
		if err := s.mailbox.add(message); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) Reset() { s.recipients = nil }

func (s *session) Logout() error { return nil }

// Command go posts a message to the alliance, signed as Standard Webhooks
// says: go run . message.json
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("FABRIQUE_SECRET"))
	if err != nil {
		return err
	}
	id, now := "msg_"+rand.Text(), time.Now() // keep the id, and send it again when no answer comes
	signature, err := webhook.Sign(id, now, body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, os.Getenv("FABRIQUE_URL"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("webhook-signature", signature)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	receipt, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	fmt.Println(answer.StatusCode, string(receipt))
	return nil
}

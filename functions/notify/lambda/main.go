// Command lambda is the bootstrap of the function notify on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/notify"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(notify.Function) }

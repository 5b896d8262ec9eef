// Command lambda is the bootstrap of the function booking on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/booking"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(booking.Function) }

"""What a call looks like in each language. KEY, INPUT, PATH, SITE and ADDRESS are filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Language:
    slug: str
    name: str
    install: str
    quoting: str
    text: str


_CURL: Final = r"""curl -s ADDRESS \
  -H 'Authorization: Simple KEY' \
  -H 'Content-Type: application/json' \
  -d INPUT"""
_PYTHON: Final = """import Algorithmia

client = Algorithmia.client("KEY", "SITE")
algorithm = client.algo("PATH")
print(algorithm.pipe(INPUT).result)"""
_NODE: Final = """const algorithmia = require("algorithmia");

algorithmia.client("KEY", "SITE")
  .algo("PATH")
  .pipe(INPUT)
  .then((answer) => console.log(answer.get()), console.error);"""
_JAVASCRIPT: Final = """// In a browser use a key made “for web pages” of your host.
const response = await fetch("SITE/v1/web/algo/PATH", {
  method: "POST",
  headers: {
    "Authorization": "Simple KEY",
    "Content-Type": "application/json",
  },
  body: JSON.stringify(INPUT),
});
const { result, error } = await response.json();
console.log(error ?? result);"""
_GO: Final = """package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {
	input := INPUT
	request, err := http.NewRequest("POST", "ADDRESS?output=raw", strings.NewReader(input))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Simple KEY")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	result, _ := io.ReadAll(response.Body)
	fmt.Println(response.Status, string(result))
}"""
_JAVA: Final = """import java.net.URI;
import java.net.http.*;

public class Call {
  public static void main(String[] arguments) throws Exception {
    String input = INPUT;
    HttpRequest request = HttpRequest.newBuilder(URI.create("ADDRESS?output=raw"))
        .header("Authorization", "Simple KEY")
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(input))
        .build();
    HttpResponse<String> response = HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.body());
  }
}"""
_CSHARP: Final = """using System.Text;

using var client = new HttpClient();
using var request = new HttpRequestMessage(HttpMethod.Post, "ADDRESS?output=raw");
request.Headers.TryAddWithoutValidation("Authorization", "Simple KEY");
request.Content = new StringContent(INPUT, Encoding.UTF8, "application/json");
using var response = await client.SendAsync(request);
Console.WriteLine(await response.Content.ReadAsStringAsync());"""
_PHP: Final = """<?php
$call = curl_init("ADDRESS?output=raw");
curl_setopt_array($call, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => ["Authorization: Simple KEY", "Content-Type: application/json"],
    CURLOPT_POSTFIELDS => INPUT,
]);
$result = curl_exec($call);
echo $result === false ? curl_error($call) : $result, PHP_EOL;"""
_RUBY: Final = """require "net/http"

answer = Net::HTTP.post(
  URI("ADDRESS?output=raw"),
  INPUT,
  "Authorization" => "Simple KEY",
  "Content-Type" => "application/json",
)
puts answer.body"""
_R: Final = """library(httr2)

request("ADDRESS") |>
  req_url_query(output = "raw") |>
  req_headers(Authorization = "Simple KEY") |>
  req_body_raw(INPUT, "application/json") |>
  req_perform() |>
  resp_body_string() |>
  cat()"""
_RUST: Final = """fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = INPUT;
    let result = ureq::post("ADDRESS?output=raw")
        .set("Authorization", "Simple KEY")
        .set("Content-Type", "application/json")
        .send_string(input)?
        .into_string()?;
    println!("{result}");
    Ok(())
}"""
_SWIFT: Final = """import Foundation

var request = URLRequest(url: URL(string: "ADDRESS?output=raw")!)
request.httpMethod = "POST"
request.setValue("Simple KEY", forHTTPHeaderField: "Authorization")
request.setValue("application/json", forHTTPHeaderField: "Content-Type")
request.httpBody = Data(INPUT.utf8)
let (result, _) = try await URLSession.shared.data(for: request)
print(String(decoding: result, as: UTF8.self))"""
_CLI: Final = "algo run PATH -j INPUT"

LANGUAGES: Final = (
    Language("curl", "cURL", "", "shell", _CURL),
    Language("python", "Python", "pip install algorithmia", "python", _PYTHON),
    Language("javascript", "JavaScript", "", "json", _JAVASCRIPT),
    Language("node", "Node.js", "npm install algorithmia", "json", _NODE),
    Language("go", "Go", "", "double", _GO),
    Language("java", "Java", "", "double", _JAVA),
    Language("csharp", "C#", "", "double", _CSHARP),
    Language("php", "PHP", "", "single", _PHP),
    Language("ruby", "Ruby", "", "single", _RUBY),
    Language("r", "R", 'install.packages("httr2")', "double", _R),
    Language("rust", "Rust", "cargo add ureq@2", "rust", _RUST),
    Language("swift", "Swift", "", "swift", _SWIFT),
    Language("cli", "Command line", "pip install algorithmia && algo auth", "shell", _CLI),
)

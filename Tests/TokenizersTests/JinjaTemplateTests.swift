import Diagnostics
import Foundation
import JSON
import Jinja
import Testing
import Tokenizers

/// What transformers renders of templates and snippets (Tests/Fixtures/make_jinja_fixtures.py).
private enum JinjaFixture {
    /// The moment at which the script renders: 1 March 2026, 12:30:15.
    static let date = TemplateDate(secondsSince1970: 1_772_368_215)

    static let json: JSONValue = {
        let path = Fixture.path("../chat/jinja.json")
        let bytes = (try? Fixture.bytes("../chat/jinja.json")) ?? []
        return (try? JSONValue(parsing: bytes, at: path)) ?? .null
    }()

    static var conversations: [JSONValue] { json["conversations"]?.array ?? [] }
    static var names: [String] {
        (json["templates"]?.array ?? []).compactMap { $0["name"]?.string }
    }

    static func template(_ name: String) throws -> (ChatTemplate, cases: [JSONValue]) {
        let stored = try #require(
            json["templates"]?.array?.first { $0["name"]?.string == name })
        let tokens = try #require(json["tokens"]?.object).compactMapValues(\.string)
        return (
            try ChatTemplate(
                name: name, jinja: #require(stored["template"]?.string), tokens: tokens),
            try #require(stored["cases"]?.array)
        )
    }
}

@Suite struct JinjaTemplateTests {
    @Test func theFixtureHasTheTemplatesOfTheFamilies() {
        #expect(JinjaFixture.names.count >= 30)
        #expect(JinjaFixture.conversations.count == 8)
        #expect((JinjaFixture.json["snippets"]?.array?.count ?? 0) > 500)
    }

    @Test func snippetsRenderAsInJinja2() throws {
        let values = try #require(JinjaFixture.json["values"]?.object)
        for snippet in JinjaFixture.json["snippets"]?.array ?? [] {
            let source = try #require(snippet.array?[0].string)
            let expected = snippet.array?[1].string
            let text = try? JinjaTemplate(source).render(values, date: JinjaFixture.date).text
            #expect(text == expected, "\(source.debugDescription)")
        }
    }

    @Test(arguments: JinjaFixture.names)
    func conversationsRenderAsInTransformers(_ name: String) throws {
        let (template, cases) = try JinjaFixture.template(name)
        for (index, expected) in cases.enumerated() {
            let conversation = JinjaFixture.conversations[index / 2]
            let text = try? template.text(
                of: #require(conversation["messages"]?.array),
                tools: conversation["tools"] ?? .null,
                variables: conversation["variables"]?.object ?? [:],
                isPrompt: index % 2 == 1, date: JinjaFixture.date)
            #expect(
                text.map { Array($0.utf8) } == expected["text"]?.bytes,
                "\(name), conversation \(index / 2): \(expected)")
        }
    }

    /// The ranges of `{% generation %}`, which transformers counts in code points.
    @Test func generatedPartsAreThoseOfTransformers() throws {
        for name in ["phi separators", "alpaca"] {
            let (template, cases) = try JinjaFixture.template(name)
            let conversation = JinjaFixture.conversations[2]
            let expected = try #require(cases[4]["text"]?.string).unicodeScalars.map { $0 }
            let ranges = try #require(cases[4]["generated"]?.array).compactMap(\.array).map {
                expected[($0[0].integer ?? 0)..<($0[1].integer ?? 0)]
            }
            let messages = try #require(conversation["messages"]?.array).map { message in
                ChatMessage(
                    try #require(message["role"]?.string.flatMap(ChatRole.init(rawValue:))),
                    try #require(message["content"]?.string))
            }
            let answers = try template.parts(of: messages).filter(\.isAnswer)
            #expect(answers.map(\.text) == ranges.map { String(String.UnicodeScalarView($0)) })
            #expect(answers.count == 2, "\(name)")
        }
    }
}

/// Templates of somebody who means harm: refused in bounded time and memory.
@Suite struct HostileJinjaTests {
    private static let long = "{% set x = 'aaaaaaaaaaaaaaaa' %}"

    @Test(
        arguments: [
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
            "{% for a in range(9999) %}{% for b in range(9999) %}xxxxxxxx{% endfor %}{% endfor %}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            "{% macro f(x) %}{{ f(x ~ x) }}{{ f(x) }}{% endmacro %}{{ f('a') }}",
            "{{ 'a' * 1000000000 }}", "{{ [0] * 1000000000 }}", "{{ 'a'.ljust(1000000000) }}",
            "{{ 'a'.center(99999999999) }}", "{{ '%999999999d' % 1 }}", "{{ range(1000000000) }}",
            long + String(repeating: "{% set x = x ~ x %}", count: 40),
            long + String(repeating: "{% set x = x.replace('a', x) %}", count: 10),
            long + String(repeating: "{% set x = x.join([x, x, x, x, x, x]) %}", count: 40),
            "{% set x = [1] %}" + String(repeating: "{% set x = [x, x, x] | tojson %}", count: 60),
            "{{ " + String(repeating: "(", count: 100_000),
            String(repeating: "{{ [", count: 10_000),
            "{{ " + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000)
                + " }}",
            "{{ 1" + String(repeating: " + 1", count: 50_000) + " }}",
            "{{ " + String(repeating: "not ", count: 50_000) + "1 }}",
            "{{ " + String(repeating: "-", count: 50_000) + "1 }}",
            "{{ a" + String(repeating: ".b", count: 50_000) + " }}",
            "{{ a" + String(repeating: "|upper", count: 50_000) + " }}",
            "{{ 1" + String(repeating: " if 1 else 1", count: 50_000) + " }}",
            String(repeating: "{% if 1 %}", count: 50_000),
            String(repeating: "{% for a in [1] %}", count: 60)
                + String(repeating: "{% endfor %}", count: 60),
            "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
            "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns.x.x.x.x.y.z }}",
            String(repeating: "a", count: 2 << 20), "{{ 9223372036854775807 + 1 }}",
            "{{ -9223372036854775808 // -1 }}", "{{ 10 ** 1000 }}", "{{ 99999999999999999999 }}",
            "{{ [1][9223372036854775807:] [0] + [2][:: -9223372036854775807] }}",
        ])
    func itEnds(_ source: String) throws {
        let start = ContinuousClock.now
        #expect(throws: Failure.self) {
            _ = try JinjaTemplate(source).render([:], date: .now)
        }
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    /// Values that share their parts would be endless as text.
    @Test(arguments: [
        "{{ x }}", "{{ x == y }}", "{{ x | tojson }}", "{{ [x] | sort }}", "{{ x in y }}",
    ])
    func sharedPartsCountEachTime(_ use: String) throws {
        let grow = String(repeating: "{% set x = [x, x] %}{% set y = [y, y] %}", count: 60)
        #expect(throws: Failure.self) {
            try JinjaTemplate("{% set x = [1] %}{% set y = [1] %}" + grow + use)
                .render([:], date: .now)
        }
    }

    /// By jinja2 with the settings of lm-evaluation-harness.
    @Test(arguments: [
        ("{% if t %}\n  x\n{% endif %}\n", "\n  x\n\n"),
        (#"{{ t | regex_replace('\[.*?\]', '') }}"#, "a b  c"),
        (
            #"{{ ['aab', 'b'] | map('regex_replace', '(a)(a)', '\\2-\\1') | list }}"#,
            "['a-ab', 'b']"
        ),
        ("{{ t.partition('[')[2].capitalize() ~ t[:1] }}", "Y] ca"),
        ("{{ 'ABCD'.index('C') }}{{ {'x': 1}.get('y', 'z') }}", "2z"),
    ])
    func tasksAreRenderedAsTheHarnessDoes(source: String, text: String) throws {
        #expect(try JinjaTemplate(source, .task).render(["t": "a b [y] c"]).text == text)
    }

    @Test func tasksPrintNothingThatIsNotDefined() throws {
        #expect(throws: Failure.self) { try JinjaTemplate("{{ x }}", .task).render([:]) }
        #expect(try JinjaTemplate("{{ x }}").render([:]).text == "")
        #expect(throws: Failure.self) {
            try JinjaTemplate("{{ 'a' | regex_replace('a', 'b') }}").render([:])
        }
    }

    @Test func aNamespaceMayHoldItself() throws {
        let source = "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}{{ ns.x }}"
        let text = try JinjaTemplate(source).render([:], date: .now).text
        #expect(text == "<Namespace>[<Namespace>]")
    }

    @Test func failuresNameTheLine() throws {
        for (source, line) in [("a\n\n{{ }}", 3), ("a\n{% if %}\n", 2), ("\n\n\n{{ x.y }}", 4)] {
            let failure = try #require(throws: Failure.self) {
                try JinjaTemplate(source).render([:], date: .now)
            }
            #expect(failure.place == "its line \(line)")
        }
    }
}

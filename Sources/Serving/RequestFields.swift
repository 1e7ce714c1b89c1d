import Diagnostics
import JSON
import Web

/// The fields of a request; null is as good as none, and unknown ones are passed over.
struct RequestFields {
    private let members: [String: JSONValue]
    /// What comes before the names of fields in messages, such as "messages[0]."
    private let prefix: String

    init(_ json: JSONValue, at prefix: String = "") throws(APIFailure) {
        guard let members = json.object else {
            throw APIFailure(
                "expected an object, got \(json.summary)",
                field: prefix.isEmpty ? nil : String(prefix.dropLast()))
        }
        (self.members, self.prefix) = (members, prefix)
    }

    /// - Throws: for a body that is no JSON, with the byte at which it goes wrong.
    init(_ request: WebRequest) throws(APIFailure) {
        let json: JSONValue
        do throws(Failure) {
            json = try JSONValue(
                parsing: request.body, at: "the request body", maximumDepth: 64)
        } catch {
            throw APIFailure("the request body is not valid JSON: \(error.line)")
        }
        try self.init(json)
    }

    subscript(name: String) -> JSONValue? {
        members[name].flatMap { $0.isNull ? nil : $0 }
    }

    func wrong(_ name: String, expected: String, _ got: JSONValue? = nil) -> APIFailure {
        let value = got ?? self[name] ?? .null
        return APIFailure(
            "\(prefix)\(name): expected \(expected), got \(value.summary)", field: prefix + name)
    }

    func string(_ name: String) throws(APIFailure) -> String? {
        guard let value = self[name] else { return nil }
        guard let string = value.string else { throw wrong(name, expected: "a text") }
        return string
    }

    func boolean(_ name: String) throws(APIFailure) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let boolean = value.boolean else { throw wrong(name, expected: "true or false") }
        return boolean
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(APIFailure) -> Int? {
        guard let value = self[name] else { return nil }
        let number = value.integer ?? value.double.flatMap { Int(exactly: $0) }
        guard let number, range.contains(number) else {
            throw wrong(
                name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws(APIFailure) -> Double? {
        guard let value = self[name] else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw wrong(name, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A text or a list of texts.
    func strings(_ name: String, most: Int) throws(APIFailure) -> [String] {
        guard let value = self[name] else { return [] }
        if let string = value.string { return [string] }
        guard let values = value.array, values.count <= most else {
            throw wrong(name, expected: "a text or a list of at most \(most)")
        }
        return try values.map { element throws(APIFailure) in
            guard let string = element.string else {
                throw wrong(name, expected: "a list of texts")
            }
            return string
        }
    }

    func array(_ name: String) throws(APIFailure) -> [JSONValue]? {
        guard let value = self[name] else { return nil }
        guard let array = value.array else { throw wrong(name, expected: "a list") }
        return array
    }

    func object(_ name: String) throws(APIFailure) -> RequestFields? {
        guard let value = self[name] else { return nil }
        return try RequestFields(value, at: "\(prefix)\(name).")
    }
}

extension Array {
    /// `map` whose errors keep their type.
    fileprivate func map<Result>(
        _ transform: (Element) throws(APIFailure) -> Result
    ) throws(APIFailure) -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try transform(element)) }
        return results
    }
}

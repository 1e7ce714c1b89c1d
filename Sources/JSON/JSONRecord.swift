import Diagnostics

/// One of the records of a file, and where it begins.
package struct JSONRecord: Equatable, Sendable {
    package let value: JSONValue
    /// The line in which the record begins, from 1 on.
    package let line: Int
    /// The number, from 1 on, of an element of an array that shares its line with others.
    package let element: Int?

    /// The place of the record inside its file.
    package var place: String { "line \(line)" + (element.map { ", element \($0)" } ?? "") }

    package init(value: JSONValue, line: Int, element: Int? = nil) {
        self.value = value
        self.line = line
        self.element = element
    }

    /// Reads a JSON array of records, such an array under `data` in a single object, or JSON Lines: one
    /// record a line, empty lines between them.
    ///
    /// What Python's json module takes is taken, since records mostly come from it: NaN, Infinity,
    /// surrogates without a partner, and a name that occurs again. Who reads a field says what it may
    /// hold.
    ///
    /// - Parameter place: the file, for the error, which adds the line.
    package static func parse(
        _ bytes: [UInt8], at place: String
    ) throws(Failure) -> [JSONRecord] {
        let result: Result<[JSONRecord], Failure> = bytes.withUnsafeBytes { buffer in
            Result { () throws(Failure) in
                func makeParser() -> JSONParser {
                    JSONParser(
                        bytes: buffer, place: place, maximumDepth: 64, names: .strings,
                        isLenient: true, firstLine: 1)
                }
                var parser = makeParser()
                do throws(Failure) {
                    let records = try parser.records()
                    guard records.count == 1, records[0].value[wrapper]?.array != nil else {
                        return numbered(records, in: buffer)
                    }
                    var inner = makeParser()
                    return numbered(try inner.elements(under: wrapper) ?? records, in: buffer)
                } catch {
                    guard !parser.isArray else { throw error }
                    throw lineFailure(in: buffer, at: place) ?? error
                }
            }
        }
        return try result.get()
    }

    /// The name under which some files keep all their records.
    private static let wrapper = "data"

    /// Reads JSON Lines line by line: a record, or what is wrong with the line.
    package static func lines(
        of bytes: [UInt8], at place: String
    ) -> [(line: Int, result: Result<JSONValue, Failure>)] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .filter { $1.contains { $0 > 0x20 } }
            .map { index, line in
                let result = Array(line).withUnsafeBytes { buffer in
                    Result { () throws(Failure) in
                        var parser = JSONParser(
                            bytes: buffer, place: place, maximumDepth: 64, names: .strings,
                            isLenient: true, firstLine: index + 1)
                        return try parser.line()
                    }
                }
                return (index + 1, result)
            }
    }

    /// The first line of JSON Lines that is no document by itself; nil where the file has another
    /// layout. A record that is cut off would else go on in the next line, and be reported as that.
    private static func lineFailure(
        in bytes: UnsafeRawBufferPointer, at place: String
    ) -> Failure? {
        var (first, records): (Failure?, Int) = (nil, 0)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let start = line.first(where: { $0 > 0x20 }) else { continue }
            var parser = JSONParser(
                bytes: UnsafeRawBufferPointer(rebasing: line), place: place, maximumDepth: 64,
                names: .strings, isLenient: true, firstLine: index + 1)
            do throws(Failure) {
                try parser.line()
            } catch {
                guard records == 0 else { return error }
                // A second one: records of several lines each, unless the first is broken, too.
                guard first == nil else { return nil }
                first = error
                continue
            }
            if let first { return start == UInt8(ascii: "{") ? first : nil }
            records += 1
        }
        return nil
    }

    private static func numbered(
        _ records: [(value: JSONValue, offset: Int)], in bytes: UnsafeRawBufferPointer
    ) -> [JSONRecord] {
        var (line, counted) = (1, 0)
        let lines = records.map { record in
            line += bytes[counted..<record.offset].count { $0 == UInt8(ascii: "\n") }
            counted = record.offset
            return line
        }
        return records.indices.map { index in
            let isShared =
                index > 0 && lines[index - 1] == lines[index]
                || index + 1 < lines.count && lines[index + 1] == lines[index]
            return JSONRecord(
                value: records[index].value, line: lines[index],
                element: isShared ? index + 1 : nil)
        }
    }
}

/// The rule by which two names of one object are the same, which is an error.
package enum JSONNames: Sendable {
    /// Names are the same when Swift's `String` calls them equal, so that an object can become a
    /// `Dictionary`.
    case strings
    /// Names are the same when their bytes are equal, so that every vocabulary can be read.
    case bytes
}

/// The names that an object has had so far.
struct JSONNamesSeen {
    private let names: JSONNames
    private var strings: Set<String> = []
    private var bytes: Set<[UInt8]> = []

    init(_ names: JSONNames) {
        self.names = names
    }

    /// False for a name that it holds already.
    mutating func insert(_ name: [UInt8]) -> Bool {
        switch names {
        case .strings: strings.insert(String(decoding: name, as: UTF8.self)).inserted
        case .bytes: bytes.insert(name).inserted
        }
    }
}

/// The figures that a command was asked for, and the check that they are numbers.
package enum FiniteFigures {
    /// - Parameters:
    ///   - json: what the command printed, in which null is in place of the rest.
    ///   - place: the model or the measurement that gave the figures.
    package static func require(_ json: JSONValue, at place: String) throws(Failure) {
        guard let found = json.nonFiniteNumber else { return }
        throw Failure(
            "\(found.path) is not finite", expected: "a number", got: "\(found.value)", at: place,
            remedy: "the model has diverged, or its numbers overflow: take an earlier checkpoint")
    }
}

import Diagnostics
import JSON

/// The elements of an array of JSON objects, of which one is in memory at a time.
package final class JSONArrayReader: DocumentReader {
    private let buffer: StreamBuffer
    private let rules: ReadingRules
    private var isBegun = false
    private var isEnded = false

    package init(_ stream: any ByteStream, _ rules: ReadingRules) {
        buffer = StreamBuffer(stream)
        self.rules = rules
    }

    package func next() throws -> ReadRecord? {
        if !isBegun {
            // The mark of UTF-8 may stand before it.
            while let byte = try peek(), byte != UInt8(ascii: "[") { buffer.skip(1) }
            buffer.skip(1)
            isBegun = true
        }
        guard !isEnded, try skipToElement() else { return nil }
        let place = "\(rules.path), byte \(buffer.offset)"
        let bytes = try element(at: place)
        let value: JSONValue
        do throws(Failure) {
            value = try JSONValue(parsing: bytes, at: place)
        } catch {
            guard let mended = try? JSONLinesReader.mended(bytes, at: place) else {
                return try rules.unreadable("no_json", "JSON", got: error.line, place, bytes)
            }
            value = mended
        }
        return try rules.document(value, at: place, excerpt: bytes)
    }

    private func peek() throws -> UInt8? {
        try buffer.require(1)
        return buffer.available > 0 ? buffer.bytes[buffer.start] : nil
    }

    private func skipToElement() throws -> Bool {
        while let byte = try peek() {
            if byte == UInt8(ascii: "]") {
                isEnded = true
                return false
            }
            guard byte <= 0x20 || byte == UInt8(ascii: ",") else { return true }
            buffer.skip(1)
        }
        isEnded = true
        throw CutFile(
            failure: Failure(
                "the JSON array is cut off", expected: "]", got: "the end of the file",
                at: rules.path, remedy: "fetch it again"))
    }

    /// The bytes up to the comma or bracket that ends the element.
    private func element(at place: String) throws -> [UInt8] {
        var (index, depth, isInText, isEscaped) = (0, 0, false, false)
        while true {
            if index >= buffer.available {
                guard try buffer.fill() else {
                    isEnded = true
                    throw CutFile(
                        failure: Failure(
                            "the JSON array is cut off", expected: "the end of an element",
                            got: "the end of the file", at: place, remedy: "fetch it again"))
                }
                continue
            }
            let byte = buffer.bytes[buffer.start + index]
            if isInText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInText = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "]"):
                    if depth == 0 { return buffer.take(index) }
                    depth -= 1
                // One too many belongs to an element that is no JSON.
                case UInt8(ascii: "}"): depth = max(0, depth - 1)
                case UInt8(ascii: ","):
                    if depth == 0 { return buffer.take(index) }
                default: break
                }
            }
            index += 1
        }
    }
}

import Files

/// An event of TensorBoard's files: some numbers of a step.
struct TensorBoardEvent {
    /// Seconds since 1970.
    let seconds: Double
    let step: Int
    let scalars: [MetricScalar]
    private var fileVersion: String?

    init(seconds: Double, step: Int, scalars: [MetricScalar]) {
        (self.seconds, self.step, self.scalars) = (seconds, step, scalars)
    }

    /// The first event of a file.
    static func version(seconds: Double) -> TensorBoardEvent {
        var event = TensorBoardEvent(seconds: seconds, step: 0, scalars: [])
        event.fileVersion = "brain.Event:2"
        return event
    }

    /// Event: 1 wall_time, 2 step, 3 file_version, 5 summary; summary: 1 value; value: 1 tag,
    /// 2 simple_value. The step is there even where it is zero, at a place of its own.
    private var message: [UInt8] {
        var message = ProtocolBufferWriter()
        message.double(1, seconds)
        message.integer(2, UInt64(step))
        if let fileVersion { message.bytes(3, Array(fileVersion.utf8)) }
        guard !scalars.isEmpty else { return message.bytes }
        var summary = ProtocolBufferWriter()
        for scalar in scalars {
            var value = ProtocolBufferWriter()
            value.bytes(1, Array(scalar.name.utf8))
            value.float(2, Float(scalar.value))
            summary.bytes(1, value.bytes)
        }
        message.bytes(5, summary.bytes)
        return message.bytes
    }

    /// The event as a record of TensorFlow's files: length, its checksum, the bytes, their checksum.
    var frame: [UInt8] {
        let message = message
        let length = withUnsafeBytes(of: UInt64(message.count).littleEndian) { Array($0) }
        return length + Self.checksum(length) + message + Self.checksum(message)
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: CRC32C.masked(bytes).littleEndian) { Array($0) }
    }
}

/// The events in a file that this program has written.
struct TensorBoardFrames {
    private let reader: FileReader

    /// Bytes of a length and its checksum, and of the checksum behind a message.
    private static let (head, tail) = (12, 4)
    /// Before the step stand the tag and the eight bytes of the time, and its own tag.
    private static let stepOffset = 9
    private static let stepTag: UInt8 = 0x10

    init(_ reader: FileReader) { self.reader = reader }

    /// The step of the event at `offset`, and where the next one begins; nil at the end of the file, and
    /// for an event that is torn.
    func event(at offset: Int) throws -> (step: Int, next: Int)? {
        guard offset + Self.head <= reader.size else { return nil }
        let length = try reader.bytes(at: offset, count: 8)
        let count = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let room = reader.size - offset - Self.head - Self.tail
        guard room >= 0, count <= UInt64(room) else { return nil }
        let message = try reader.bytes(at: offset + Self.head, count: Int(count))
        return (Self.step(of: message), offset + Self.head + Int(count) + Self.tail)
    }

    private static func step(of message: [UInt8]) -> Int {
        guard message.count > stepOffset, message[stepOffset] == stepTag else { return 0 }
        var (step, shift): (UInt64, UInt64) = (0, 0)
        for byte in message[(stepOffset + 1)...].prefix(10) {
            step |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { break }
            shift += 7
        }
        return Int(clamping: step)
    }
}

/// Writes the fields of a message of protocol buffers.
private struct ProtocolBufferWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer(_ number: UInt64, _ value: UInt64) {
        varint(number << 3)
        varint(value)
    }

    mutating func double(_ number: UInt64, _ value: Double) {
        varint(number << 3 | 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func float(_ number: UInt64, _ value: Float) {
        varint(number << 3 | 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    mutating func bytes(_ number: UInt64, _ value: [UInt8]) {
        varint(number << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

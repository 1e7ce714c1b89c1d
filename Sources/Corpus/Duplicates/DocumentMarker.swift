import CKernels

/// The numbers by which the deduplication knows a document: the length of its text, a hash of 128 bits,
/// and one hash for each band of its MinHash signature.
package final class DocumentMarker {
    private let near: NearOptions
    private let shingles: Shingles
    private let factors: [UInt64]
    private let summands: [UInt64]
    private var minima: [UInt64]

    /// The numbers of a document in a file of marks, which begin with its place.
    package static func width(_ near: NearOptions) -> Int { 4 + (near.enabled ? near.buckets : 0) }

    package init(_ near: NearOptions) {
        self.near = near
        shingles = Shingles(near.ngram)
        let count = near.buckets * near.hashes
        var state: UInt64 = 0
        func next() -> UInt64 {
            state &+= TextHash.base
            return TextHash.mixed(state)
        }
        factors = (0..<count).map { _ in next() | 1 }
        summands = (0..<count).map { _ in next() }
        minima = Array(repeating: 0, count: count)
    }

    package func marks(of text: [UInt8]) -> [UInt64] {
        let exact = text.withUnsafeBufferPointer { Self.exactHash(of: $0) }
        let marks = [UInt64(text.count), exact.high, exact.low]
        return near.enabled ? marks + bands(of: text) : marks
    }

    /// The hash of a text whose runs of white space are one blank.
    private static func exactHash(of text: UTF8Bytes) -> (high: UInt64, low: UInt64) {
        let table = CharacterTable.shared
        let range = text.trimmed(0..<text.count)
        var plain: [UInt8] = []
        plain.reserveCapacity(range.count)
        var (position, isBlank) = (range.lowerBound, false)
        while position < range.upperBound {
            let byte = text[position]
            if byte > 0x20, byte < 0x80 {
                plain.append(byte)
                position += 1
                isBlank = false
                continue
            }
            let (value, count) = text.scalar(at: position)
            let isSpace = table.of(value).contains(.space)
            if !isSpace {
                plain.append(contentsOf: text[position..<position + count])
            } else if !isBlank {
                plain.append(0x20)
            }
            isBlank = isSpace
            position += count
        }
        return plain.withUnsafeBytes { TextHash.wide($0) }
    }

    /// The hash of each band; zeros for a text without words, which is like no other.
    private func bands(of text: [UInt8]) -> [UInt64] {
        let shingles = shingles.all(of: text)
        guard !shingles.isEmpty else { return Array(repeating: 0, count: near.buckets) }
        signature(of: shingles)
        return (0..<near.buckets).map { band in
            var hash = UInt64(band)
            for index in 0..<near.hashes {
                hash = TextHash.mixed(hash &* TextHash.base &+ minima[band * near.hashes + index])
            }
            return hash | 1
        }
    }

    /// The least value of each hash function over the shingles.
    @discardableResult
    package func signature(of shingles: [UInt64]) -> [UInt64] {
        shingles.withUnsafeBufferPointer { shingles in
            kernel_minhash(
                shingles.baseAddress, shingles.count, factors, summands, &minima, minima.count)
        }
        return minima
    }
}

/// The runs of words by which texts are compared.
package final class Shingles {
    private let size: Int
    private let power: UInt64
    private let simplified = SimplifiedText()

    package init(_ size: Int) {
        self.size = size
        power = (0..<size).reduce(1) { power, _ in power &* TextHash.base }
    }

    /// The hashes of all runs, in order; of a text with fewer words, that of all its words.
    package func all(of text: [UInt8]) -> [UInt64] {
        let words = text.withUnsafeBufferPointer { simplified.wordHashes(of: $0) }
        guard !words.isEmpty else { return [] }
        var shingles: [UInt64] = []
        shingles.reserveCapacity(max(1, words.count - size + 1))
        var hash: UInt64 = 0
        for (index, word) in words.enumerated() {
            hash = hash &* TextHash.base &+ word
            if index >= size { hash = hash &- words[index - size] &* power }
            if index >= size - 1 { shingles.append(TextHash.mixed(hash)) }
        }
        return shingles.isEmpty ? [TextHash.mixed(hash)] : shingles
    }

    /// The set of the runs, in ascending order.
    package func set(of text: [UInt8]) -> [UInt64] {
        var shingles = all(of: text)
        shingles.sort()
        var count = 0
        for shingle in shingles where count == 0 || shingles[count - 1] != shingle {
            shingles[count] = shingle
            count += 1
        }
        shingles.removeLast(shingles.count - count)
        return shingles
    }

    /// The share of two sets that both have.
    package static func similarity(_ left: [UInt64], _ right: [UInt64]) -> Double {
        var (i, j, common) = (0, 0, 0)
        while i < left.count, j < right.count {
            if left[i] == right[j] {
                common += 1
                i += 1
                j += 1
            } else if left[i] < right[j] {
                i += 1
            } else {
                j += 1
            }
        }
        let union = left.count + right.count - common
        return union == 0 ? 0 : Double(common) / Double(union)
    }
}

import CHTML

/// The main text of pages of HTML, without menus, links and scripts.
///
/// A page is a list of blocks, such as paragraphs, headings, items and cells. A block counts by its length and
/// by the share of its characters in links; short ones follow their neighbours, and headings what they stand
/// above. Source: Pomikálek 2011, jusText. Where a page itself says what its main text is, by the element
/// `main` or the role, all of that is taken but what is named as a menu or the like.
package enum HTMLText {
    private static let maximumDepth = 512

    /// - Parameter charset: The encoding that the sender names; nil for that of the page.
    package static func mainText(of page: [UInt8], charset: String?) -> [UInt8] {
        BlockChoice(blocks(of: page, charset: charset)).text
    }

    /// All text of a page but its menus, as of a chapter of a book.
    package static func wholeText(of page: [UInt8]) -> [UInt8] {
        BlockChoice(all: blocks(of: page, charset: nil)).text
    }

    private static func blocks(of page: [UInt8], charset: String?) -> [HTMLBlock] {
        let text = decoded(page, charset: charset ?? self.charset(inPage: page))
        let builder = BlockBuilder()
        let context = Unmanaged.passUnretained(builder).toOpaque()
        let status = text.withUnsafeBufferPointer { text in
            text.withMemoryRebound(to: CChar.self) { text in
                chtml_walk(
                    text.baseAddress, text.count, Int32(maximumDepth),
                    { context, kind, name, size, mark in
                        guard let context, let name else { return }
                        let bytes = UnsafeBufferPointer(
                            start: UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self),
                            count: size)
                        HTMLText.handle(
                            kind, bytes, mark,
                            Unmanaged<BlockBuilder>.fromOpaque(context).takeUnretainedValue())
                    }, context)
            }
        }
        guard status == 0 else { return [] }
        return builder.finished()
    }

    private static func handle(
        _ kind: Int32, _ bytes: UTF8Bytes, _ mark: UnsafePointer<CChar>?, _ builder: BlockBuilder
    ) {
        switch Int(kind) {
        case CHTML_START:
            builder.begin(
                String(decoding: bytes, as: UTF8.self), mark: mark.map { String(cString: $0) } ?? ""
            )
        case CHTML_END: builder.end(String(decoding: bytes, as: UTF8.self))
        default: builder.add(bytes)
        }
    }

    // MARK: Encodings

    /// The charset in a field such as "text/html; charset=utf-8".
    package static func charset(in type: String) -> String? {
        guard let range = type.lowercased().firstRange(of: "charset=") else { return nil }
        let name = type.lowercased()[range.upperBound...].prefix { !" ;,\"'>/".contains($0) }
        return name.isEmpty ? nil : String(name)
    }

    private static func charset(inPage page: [UInt8]) -> String? {
        let head = String(decoding: page.prefix(2048), as: UTF8.self)
        return charset(in: head.replacing("\"", with: "").replacing("'", with: ""))
    }

    private static func decoded(_ page: [UInt8], charset: String?) -> [UInt8] {
        if String(validating: page, as: UTF8.self) != nil { return page }
        let isLatin = ["iso-8859-1", "latin1", "windows-1252", "us-ascii"].contains(charset ?? "")
        guard isLatin || charset == nil else {
            return Array(String(decoding: page, as: UTF8.self).utf8)
        }
        return Mojibake.fromWindows(page)
    }
}

/// A block of text of a page.
package struct HTMLBlock {
    package enum Kind { case text, heading, item, code }

    package var kind: Kind
    package var text: [UInt8] = []
    package var characterCount = 0
    package var linkedCount = 0
    /// Whether an element around it is named as a menu or the like.
    package var isAside = false
    /// Whether it lies in what the page says is its main text.
    package var isMain = false
}

/// Cuts the events of a page into blocks.
private final class BlockBuilder {
    private var blocks: [HTMLBlock] = []
    private var open = HTMLBlock(kind: .text)
    private var skipDepth = 0
    private var asideDepth = 0
    private var linkDepth = 0
    private var codeDepth = 0
    private var mainDepth = 0
    /// For each open element whether it counts in the depths.
    private var elements: [(name: String, skips: Bool, isAside: Bool)] = []

    private static let skipped: Set<String> = [
        "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select",
        "button", "head", "form", "textarea", "canvas", "audio", "video", "dialog",
    ]
    private static let asides: Set<String> = ["nav", "aside", "footer", "menu"]
    private static let blockNames: Set<String> = [
        "p", "div", "section", "article", "main", "header", "ul", "ol", "dl", "table", "tr", "td",
        "th", "blockquote", "figure", "figcaption", "address", "hr", "center", "body", "nav",
        "aside",
        "footer", "form", "fieldset", "details", "summary", "caption", "tbody", "thead",
    ]
    private static let items: Set<String> = ["li", "dt", "dd"]
    private static let headings: Set<String> = ["h1", "h2", "h3", "h4", "h5", "h6"]
    private static let asideMarks = [
        "nav", "menu", "sidebar", "footer", "breadcrumb", "cookie", "advert", "share", "social",
        "related", "comment", "banner", "copyright", "pagination", "subscribe", "newsletter", "toc",
    ]

    func begin(_ name: String, mark: String) {
        let skips = Self.skipped.contains(name)
        let isAside = Self.asides.contains(name) || isMarkedAside(name, mark)
        elements.append((name, skips, isAside))
        if isBlock(name) { close(next: kind(of: name)) }
        skipDepth += skips ? 1 : 0
        asideDepth += isAside ? 1 : 0
        linkDepth += name == "a" ? 1 : 0
        codeDepth += name == "pre" ? 1 : 0
        mainDepth += name == "main" ? 1 : 0
        if name == "br" { addBreak() }
    }

    /// Whether a word of the class or id of an element begins like the name of a menu or the like. In the
    /// main text an id may be that of any section, and only whole words of the class count.
    private func isMarkedAside(_ name: String, _ mark: String) -> Bool {
        guard name != "body", name != "html", name != "main", name != "article" else {
            return false
        }
        if mainDepth > 0 {
            let names = mark.lowercased().prefix { $0 != "\n" }.split { !$0.isLetter }
            return names.contains { word in
                Self.asideMarks.contains { word == $0 || word == $0 + "s" }
            }
        }
        return mark.lowercased().split { !$0.isLetter }.contains { word in
            Self.asideMarks.contains { word.hasPrefix($0) }
        }
    }

    func end(_ name: String) {
        if isBlock(name) { close(next: .text) }
        guard let element = elements.popLast() else { return }
        skipDepth -= element.skips ? 1 : 0
        asideDepth -= element.isAside ? 1 : 0
        linkDepth -= name == "a" ? 1 : 0
        codeDepth -= name == "pre" ? 1 : 0
        mainDepth -= name == "main" ? 1 : 0
    }

    func add(_ bytes: UTF8Bytes) {
        guard skipDepth == 0 else { return }
        let isCode = codeDepth > 0
        for byte in bytes {
            if !isCode, byte == 0x20 || (0x09...0x0D).contains(byte) {
                if let last = open.text.last, last != 0x20, last != 0x0A { open.text.append(0x20) }
                continue
            }
            open.text.append(byte)
            guard byte & 0xC0 != 0x80 else { continue }
            open.characterCount += 1
            if linkDepth > 0 { open.linkedCount += 1 }
        }
    }

    func finished() -> [HTMLBlock] {
        close(next: .text)
        return blocks
    }

    private func isBlock(_ name: String) -> Bool {
        Self.blockNames.contains(name) || Self.items.contains(name)
            || Self.headings.contains(name) || name == "pre"
    }

    private func kind(of name: String) -> HTMLBlock.Kind {
        if Self.headings.contains(name) { return .heading }
        if Self.items.contains(name) { return .item }
        return name == "pre" ? .code : .text
    }

    private func addBreak() {
        if open.text.last == 0x20 { open.text.removeLast() }
        if !open.text.isEmpty { open.text.append(0x0A) }
    }

    private func close(next kind: HTMLBlock.Kind) {
        while let last = open.text.last, last <= 0x20 { open.text.removeLast() }
        if !open.text.isEmpty {
            open.isAside = asideDepth > 0
            open.isMain = mainDepth > 0
            if codeDepth > 0 { open.kind = .code }
            blocks.append(open)
        }
        open = HTMLBlock(kind: kind)
    }
}

/// Chooses the blocks of the main text.
private struct BlockChoice {
    private enum Judgement { case good, near, short, bad }

    private let blocks: [HTMLBlock]
    private var judgements: [Judgement]

    private static let shortLength = 70
    private static let goodLength = 140
    private static let linkShare = 0.33
    /// Characters of a main text; what has fewer is a frame that a script fills.
    private static let mainLength = 200

    init(_ blocks: [HTMLBlock]) {
        self.blocks = blocks
        let main = blocks.map { $0.isMain && !$0.isAside }
        let length = zip(blocks, main).reduce(0) { $0 + ($1.1 ? $1.0.characterCount : 0) }
        guard length < Self.mainLength else {
            judgements = main.map { $0 ? .good : .bad }
            return
        }
        judgements = blocks.map(Self.judged)
        settleNear()
    }

    /// Takes every block but those of menus.
    init(all blocks: [HTMLBlock]) {
        self.blocks = blocks
        judgements = blocks.map { $0.isAside ? .bad : .good }
    }

    private static func judged(_ block: HTMLBlock) -> Judgement {
        let share = Double(block.linkedCount) / Double(max(1, block.characterCount))
        if block.isAside || share > linkShare { return .bad }
        if block.kind == .code { return .near }
        if block.characterCount < shortLength { return .short }
        return block.characterCount >= goodLength ? .good : .near
    }

    /// Those that are not sure follow their surest neighbours on both sides; headings what follows them.
    private mutating func settleNear() {
        let sure = judgements
        for index in blocks.indices where sure[index] == .near || sure[index] == .short {
            let before = sure[..<index].last { $0 == .good || $0 == .bad || $0 == .near } ?? .bad
            let behind =
                sure[(index + 1)...].first { $0 == .good || $0 == .bad || $0 == .near } ?? .bad
            judgements[index] = Self.settled(blocks[index], sure[index], before, behind)
        }
    }

    private static func settled(
        _ block: HTMLBlock, _ own: Judgement, _ before: Judgement, _ behind: Judgement
    ) -> Judgement {
        let (isAfterText, isBeforeText) = (before != .bad, behind != .bad)
        if own == .near { return .good }
        if block.kind == .heading { return isBeforeText ? .good : .bad }
        return isAfterText && isBeforeText || block.kind == .item && (isAfterText || isBeforeText)
            ? .good : .bad
    }

    /// The blocks that were chosen, with empty lines between paragraphs.
    var text: [UInt8] {
        var text: [UInt8] = []
        var last: HTMLBlock.Kind?
        for (block, judgement) in zip(blocks, judgements) where judgement == .good {
            if let last {
                let isList = last == .item && block.kind == .item
                text += isList ? [0x0A] : [0x0A, 0x0A]
            }
            text += block.text
            last = block.kind
        }
        return text
    }
}

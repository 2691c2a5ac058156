"""Names of columns and classes that want to be more than names, or to break a layout."""

HOSTILE = [
    "<script>document.title='owned'</script>", '<img src=x onerror=alert(1)>', '" onload="alert(1)',
    '${alert(1)}', '{{7*7}}', '</title><svg onload=alert(1)>', 'javascript:alert(1)',
    "'; DROP TABLE rows; --", '&lt;b&gt;', '<!--', ']]>', '\\u003cscript\\u003e', "a" * 5000,
    '\u202eright to left', "e\u0301" * 300, "👩\u200d👧" * 50, '\x00nul', '\u2028line', '`backticks`',
    '$x^2$', 'w[1,1,1]', 'constructor', '__proto__', 'toString', 'hasOwnProperty', 'NaN', 'Infinity',
    'undefined', 'null', '', ' ', '\t', '\n', '日本語の列名', 'שם', 'ключ', 'x=1&y=2', '../../etc/passwd',
    '%2e%2e%2f', '?watch=1', '#fragment', 'data:text/html,<script>1</script>', '<math><mi>x</mi></math>',
    '<style>*{display:none}</style>', 'style=display:none', '<iframe src=//evil.example>',
    '//evil.example/x', 'http://evil.example/', '<a href=http://evil.example>', 'on click', '{"a":1}',
    '[1,2]', '-1', '1e309', '\u200b', '\ufeff', '\ud800half', '\U0001d54f', "'", '"', '\\',
]  # fmt: skip

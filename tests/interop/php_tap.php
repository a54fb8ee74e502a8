<?php
// What the PHP scripts print for run.py: one line a test, with what the test saw.
error_reporting(E_ALL);
ini_set('display_errors', 'stderr');

$warnings = [];
set_error_handler(function ($level, $text) {
    global $warnings;
    $warnings[] = $text;
    return true;
});

function shown($value): string
{
    $text = json_encode($value, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR);
    return preg_replace('/\b' . getenv('PQP_PORT') . '\b/', 'PORT', str_replace(getenv('PQP_HOST'), 'HOST', $text));
}

// What the function gives, and the warnings PHP gave meanwhile, is what the test saw; throwing is failing.
function test(string $name, callable $run): void
{
    global $warnings;
    $warnings = [];
    try {
        $seen = $run();
        $line = "ok - $name\t" . shown($warnings ? [$seen, 'warnings' => $warnings] : $seen);
    } catch (Throwable $error) {
        $line = "not ok - $name\t" . shown(get_class($error) . ': ' . $error->getMessage() . ' line ' . $error->getLine());
    }
    echo $line, "\n";
}

function failure(callable $run): string
{
    try {
        $run();
    } catch (Throwable $error) {
        return get_class($error) . ': ' . $error->getMessage();
    }
    throw new LogicException('it did not fail');
}

// PHP unloads its extensions before it ends, and so before the witness looks: say it for it.
function finish(): void
{
    preg_match_all('#/\S*/libpq\S*\.so\S*#', file_get_contents('/proc/self/maps'), $found);
    foreach (array_unique($found[0]) as $path) {
        file_put_contents(getenv('PQP_WITNESS'), "php\t$path\n", FILE_APPEND);
    }
    echo "done\n";
}

function e(e){return e.filter((n,r)=>r+1===e.length||!t(n,e[r+1])).reverse()}const t=(e,t)=>e.event===t.event&&e.by===t.by&&e.receipt_no===t.receipt_no&&!e.detail.text&&!t.detail.text;export{e as s};
